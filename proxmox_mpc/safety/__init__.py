"""The one door for writes: policy, guard, and what happens when an answer is lost or a process dies."""
