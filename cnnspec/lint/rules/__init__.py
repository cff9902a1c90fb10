"""The rules, one file a family. A new rule is a function here, its row in the codes and its page."""
