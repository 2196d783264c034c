"""`python -m bot` is `recall`; the supervisor starts its processes this way."""

from bot.cli import main

main()
