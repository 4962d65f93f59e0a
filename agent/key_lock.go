package agent

import "sync"

// keyLocks are locks by name.
type keyLocks struct {
	mu   sync.Mutex
	held map[string]*keyLock
}

// keyLock is the lock of one name. It exists while users is greater than 0.
type keyLock struct {
	sync.Mutex
	users int
}

// lock locks a name, and returns the function that unlocks it.
func (k *keyLocks) lock(name string) (unlock func()) {
	k.mu.Lock()
	one := k.held[name]
	if one == nil {
		one = &keyLock{}
		k.held[name] = one
	}
	one.users++
	k.mu.Unlock()
	one.Lock()
	return func() {
		one.Unlock()
		k.mu.Lock()
		defer k.mu.Unlock()
		if one.users--; one.users == 0 {
			delete(k.held, name)
		}
	}
}
