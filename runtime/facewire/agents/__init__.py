"""Who answers what was said: anything with an `async def reply`."""
