"""What the bot says, as semantic messages, and the Chat port that platforms implement."""
