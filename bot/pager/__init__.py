"""The pager: whoever was woken by it is told there as well. One file per pager."""
