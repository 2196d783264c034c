"""What takes seconds to count: counted by the engine before anybody asks, and kept."""
