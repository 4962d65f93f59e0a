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

// tryLock locks a name as lock does, but only if the name is free. If somebody holds it,
// tryLock returns false.
func (k *keyLocks) tryLock(name string) (unlock func(), ok bool) {
	k.mu.Lock()
	_, held := k.held[name]
	if held {
		k.mu.Unlock()
		return nil, false
	}
	one := &keyLock{users: 1}
	one.Lock()
	k.held[name] = one
	k.mu.Unlock()
	return func() { k.unlock(name, one) }, true
}

// unlock unlocks a name, and forgets the lock if nobody waits for it.
func (k *keyLocks) unlock(name string, one *keyLock) {
	one.Unlock()
	k.mu.Lock()
	defer k.mu.Unlock()
	if one.users--; one.users == 0 {
		delete(k.held, name)
	}
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
	return func() { k.unlock(name, one) }
}
