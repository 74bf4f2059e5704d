"""What a person sees: chat platforms, cards, commands. Knows nothing of SQL or of the endpoint."""
