"""What sensing is worth: ours beside the offline libraries, on the same recordings and on bodies whose truth is known."""
