"""A page to draw on: boxes, words, wires, as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

__all__ = ["Drawing", "Point"]

Point = tuple[float, float]

FONT = "DejaVu Sans, Verdana, sans-serif"


@dataclass(slots=True)
class Drawing:
    """Collects shapes: boxes lie lowest, wires over them, words and dots on top. Lengths in pixels, y downwards."""

    width: int
    height: int
    title: str
    boxes: list[str] = field(default_factory=list)
    wires: list[str] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)

    def box(self, x: float, y: float, width: float, height: float, *, fill: str, line: str, dashed: bool = False) -> None:
        """A rectangle with round corners."""
        dash = ' stroke-dasharray="5 4"' if dashed else ""
        self.boxes.append(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="7" fill="{fill}" '
            f'stroke="{line}" stroke-width="1.4"{dash}/>'
        )

    def dot(self, at: Point, radius: float, *, fill: str, line: str = "none") -> None:
        """A filled circle."""
        self.marks.append(f'<circle cx="{at[0]:g}" cy="{at[1]:g}" r="{radius:g}" fill="{fill}" stroke="{line}"/>')

    def words(
        self, text: str, at: Point, *, size: float = 12, colour: str = "#1f2933", anchor: str = "start", bold: bool = False
    ) -> None:
        """A line of text with its middle at the height of `at`."""
        weight = ' font-weight="bold"' if bold else ""
        self.marks.append(
            f'<text x="{at[0]:g}" y="{at[1] + size * 0.36:g}" font-size="{size:g}" fill="{colour}" '
            f'text-anchor="{anchor}"{weight}>{escape(text)}</text>'
        )

    def pill(self, text: str, x: float, y: float, width: float, *, fill: str, colour: str = "#ffffff") -> None:
        """A label 18 pixels high whose left middle is at (x, y)."""
        self.marks.append(f'<rect x="{x:g}" y="{y - 9:g}" width="{width:g}" height="18" rx="9" fill="{fill}"/>')
        self.words(text, (x + width / 2, y), size=10.5, colour=colour, anchor="middle")

    def wire(self, *lines: Sequence[Point], colour: str, dashed: bool = False) -> None:
        """Lines through corners, rounded at each, with a halo that keeps crossings with other wires readable."""
        paths = [rounded(corners) for corners in lines]
        dash = ' stroke-dasharray="6 4"' if dashed else ""
        self.wires += [f'<path d="{path}" fill="none" stroke="#ffffff" stroke-width="6"/>' for path in paths]
        self.wires += [f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="2.2"{dash}/>' for path in paths]

    def svg(self) -> str:
        """The whole page."""
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" '
            f'width="{self.width}" height="{self.height}" font-family="{FONT}" role="img">'
        )
        paper = f'<rect width="{self.width}" height="{self.height}" rx="12" fill="#ffffff"/>'
        title = f"<title>{escape(self.title)}</title>"
        return "\n".join([head, title, paper, *self.boxes, *self.wires, *self.marks, "</svg>", ""])


def rounded(corners: Sequence[Point], radius: float = 6.0) -> str:
    """The path through the corners with each inner corner cut short by a curve."""
    parts = [f"M{corners[0][0]:g} {corners[0][1]:g}"]
    for before, corner, after in zip(corners, corners[1:], corners[2:], strict=False):
        enter, leave = towards(corner, before, radius), towards(corner, after, radius)
        parts.append(f"L{enter[0]:.4g} {enter[1]:.4g}Q{corner[0]:g} {corner[1]:g} {leave[0]:.4g} {leave[1]:.4g}")
    parts.append(f"L{corners[-1][0]:g} {corners[-1][1]:g}")
    return "".join(parts)


def towards(start: Point, end: Point, distance: float) -> Point:
    """The point at a distance from start on the way to end, at most half-way."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = (dx * dx + dy * dy) ** 0.5
    share = min(distance / length, 0.5) if length else 0.0
    return start[0] + dx * share, start[1] + dy * share
