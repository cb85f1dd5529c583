"""What happened, as a page with pictures: signals, state, music, and the reasons.

`Evening` listens while a session runs; `write_page` draws it afterwards. Drawing needs matplotlib (the extra `report`).
"""

from undertone.report.evening import Evening, Noticed, Span, clear, noticed
from undertone.report.page import make_folder, write_page

__all__ = ["Evening", "Noticed", "Span", "clear", "make_folder", "noticed", "write_page"]
