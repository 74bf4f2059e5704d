"""A local world to run the real bot in: the endpoint's stand-in, a Bot API with a chat page, a catalogue."""
