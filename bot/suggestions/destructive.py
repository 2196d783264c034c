"""Which commands take something away that does not come back by itself; the card marks them.

A list of patterns can only ever miss some: the mark is a help to the eye, not a safeguard.
"""

import re

_FLAGS = r"[^\n|;&`]{0,200}?"
"""Options and arguments between a program and its verb, within one command."""

_COMMANDS: tuple[str, ...] = (
    r"\brm\s+(?:-\S+\s+)*-[a-zA-Z]*[rRf]",
    r"\brm\s+--(?:recursive|force)\b",
    rf"\b(?:kubectl|oc)\b{_FLAGS}\s(?:delete|drain|evict)\b",
    rf"\b(?:kubectl|oc)\b{_FLAGS}\sreplace\b{_FLAGS}--force\b",
    rf"\b(?:kubectl|oc)\b{_FLAGS}\sscale\b{_FLAGS}--replicas[= ]0\b",
    r"\bDROP\s+(?:TABLE|DATABASE|SCHEMA|INDEX|USER|ROLE|VIEW|COLUMN|PARTITION|KEYSPACE)\b",
    r"\bTRUNCATE\s+(?:TABLE\s+)?\S",
    r"\bDELETE\s+FROM\b",
    r"\bALTER\s+TABLE\b[^;\n]{0,200}\bDROP\b",
    r"\bpg_(?:terminate|cancel)_backend\b|\bpg_resetwal\b|\bpg_drop_replication_slot\b",
    r"\bmkfs(?:\.\w+)?\b|\bwipefs\b|\bshred\b|\bblkdiscard\b",
    r"\bdd\s+(?:\S+\s+){0,6}?of=",
    rf"\bsystemctl\b{_FLAGS}\s(?:stop|disable|mask|kill|isolate)\b",
    r"\bservice\s+\S+\s+stop\b",
    r"\bkill\s+-(?:9|KILL|SIGKILL|s\s+KILL)\b|\bpkill\b|\bkillall\b",
    r"\b(?:FLUSHALL|FLUSHDB)\b",
    r"\b(?:reboot|poweroff|halt)\b(?=\s*(?:$|[;&|`\n-]))|\bshutdown\s+(?:-\w|now)",
    r"\bterminate-instances\b|\bdelete-(?:db-instance|stack|volume|snapshot|bucket|table)\b",
    rf"\b(?:aws\s+s3|gsutil)\b{_FLAGS}\s(?:rm|rb)\b",
    rf"\bgcloud\b{_FLAGS}\sdelete\b|\baz\b{_FLAGS}\sdelete\b",
    r"\bterraform\s+(?:destroy|apply\s+-destroy)\b|\bpulumi\s+destroy\b",
    r"\bhelm\s+(?:uninstall|delete)\b",
    rf"\b(?:docker|podman|crictl|nerdctl)\b{_FLAGS}\s(?:rm|rmi|prune|kill)\b",
    r"\b(?:lvremove|vgremove|pvremove)\b|\bzfs\s+destroy\b|\bzpool\s+destroy\b",
    r"\b(?:iptables|nft)\b\s+(?:-F|--flush|flush)\b",
    rf"\bkafka-(?:topics|consumer-groups|configs)\S*{_FLAGS}--delete\b",
    r"--reset-offsets\b",
    r"\brabbitmqctl\b[^\n]{0,120}\b(?:purge_queue|delete_queue|reset|force_reset|stop_app)\b",
    rf"\bcurl\b{_FLAGS}(?:-X\s*|--request[= ])DELETE\b",
    rf"\betcdctl\b{_FLAGS}\sdel\b|\betcdctl\s+member\s+remove\b",
    r"\bnodetool\s+(?:drain|decommission|removenode|assassinate)\b",
    r"\bgit\s+(?:push\s+(?:\S+\s+)*(?:-f|--force)|reset\s+--hard|clean\s+-\w*f)",
    r"\bfind\b[^\n]{0,200}\s-delete\b",
    r"\btruncate\s+(?:-s|--size)",
    r"\b(?:vault\s+operator\s+seal|vault\s+lease\s+revoke|vault\s+token\s+revoke)\b",
)
_DESTRUCTIVE = re.compile("|".join(f"(?:{command})" for command in _COMMANDS), re.IGNORECASE)
_CONTINUED = re.compile(r"\\\n\s*")


def is_destructive(text: str) -> bool:
    """Whether a step holds a command that deletes, stops or cuts off something."""
    return _DESTRUCTIVE.search(_CONTINUED.sub(" ", text)) is not None
