"""What saves HTTP clients that talk to our own servers on this machine the reading of all certificate authorities."""

import ssl

# For `verify=`: a context that trusts nobody, so plain HTTP works and TLS is refused. httpx makes a full one for every
# client, which takes 20 ms of computing.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
