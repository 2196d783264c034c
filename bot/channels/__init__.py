"""How far the bot is switched on in each channel, and where an incident is spoken of."""
