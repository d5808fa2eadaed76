"""The providers as strict local doubles: same routes, same rules, same errors, no internet.

Each provider lives in its own folder; what they share (clock, faults, request log, generation by index, overlay store,
control plane) is provider-neutral and stands here. Nothing in this package imports Django or the provider clients.
"""
