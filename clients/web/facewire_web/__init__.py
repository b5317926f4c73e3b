"""The viewer page and its JavaScript client, as files that the runtime serves."""
