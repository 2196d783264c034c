"""The demo's machines: small real programs, each a process, that hold and free real connections."""
