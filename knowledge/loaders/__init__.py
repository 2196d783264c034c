"""Reading knowledge from files: Markdown folders, incident exports, Slack exports."""
