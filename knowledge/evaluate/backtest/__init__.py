"""What the bot would have said to a team's own past incidents, before it is switched on."""
