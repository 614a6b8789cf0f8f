"""The same networks in other libraries; each file imports its library, so import it late."""
