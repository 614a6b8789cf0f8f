"""The same networks in other libraries; each module imports its library, so import it lazily."""
