"""Discord: events in, cards out."""
