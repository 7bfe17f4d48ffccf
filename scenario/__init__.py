"""One day of the whole system: real servers, real services, and every figure checked at the end."""
