"""The same net in other frameworks. They are imported when they are asked for, and need not be installed."""
