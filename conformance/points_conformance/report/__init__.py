"""What a run leaves behind: for programs, for people, for pull requests, and to compare."""
