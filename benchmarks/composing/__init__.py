"""What composing is worth: our music beside music by people, and beside what no composer wrote."""
