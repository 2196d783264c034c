"""Past incidents as other tools export them: one mapping file a tool, read by `reading`."""

from collections.abc import Mapping

TOOLS: Mapping[str, str] = {
    "opsgenie": "opsgenie.yaml",
    "jira": "jira.yaml",
    "servicenow": "servicenow.yaml",
    "incident-io": "incident_io.yaml",
    "firehydrant": "firehydrant.yaml",
}
"""The mapping file of each tool, by the name of its format."""
