"""What the tests stand on: a real nginx, a provider under byte-level control, a raw client."""
