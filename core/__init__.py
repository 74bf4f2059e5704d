"""What the product does: journal, credits, search flow. Knows no chat platform."""
