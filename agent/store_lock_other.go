//go:build !unix

package agent

// lock does nothing on a system without a lock that ends with the program. On such a
// system, nothing prevents two agents from using one file.
func (s *Store) lock() (unlock func(), ok bool, err error) { return func() {}, true, nil }
