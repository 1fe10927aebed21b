"""How a process shows what it does: traces, and figures about itself. Below all that is traced and measured."""
