package discovery

// Asks reports whether a datagram asks for media servers.
func Asks(datagram []byte) bool { return asks(datagram) }
