package config

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// The least and the largest number that may follow the equals sign of a busy address. The number
// multiplies only the limits of an address; the limits of an account do not change.
const (
	busyLeast = 2
	busyMost  = 1000
)

// BusyNetwork is a value of busy-addresses.
type BusyNetwork struct {
	Prefix netip.Prefix
	Times  int // each address in the network may try this many times as often as any other address
}

// BusyNetworks returns the busy addresses as networks. Call it on settings that passed
// Loaded.Check; it leaves out values that are wrong.
func (s *Settings) BusyNetworks() []BusyNetwork {
	var all []BusyNetwork
	for _, text := range s.BusyAddresses {
		if busy, err := parseBusy(text); err == nil {
			all = append(all, busy)
		}
	}
	return all
}

func checkBusy(texts []string) error {
	named := map[netip.Prefix]bool{}
	for _, text := range texts {
		busy, err := parseBusy(text)
		if err != nil {
			return err
		}
		if named[busy.Prefix] {
			return fmt.Errorf("names %s twice; remove one of the two", busy.Prefix)
		}
		named[busy.Prefix] = true
	}
	return nil
}

// parseBusy reads an address or a network, an equals sign and a number.
func parseBusy(text string) (BusyNetwork, error) {
	network, number, found := strings.Cut(text, "=")
	if !found {
		return BusyNetwork{}, fmt.Errorf("%s has no number; write how many times as often the address may try, such as 203.0.113.7=20", quote(text))
	}
	prefix, err := parseNetwork(network)
	if err != nil {
		return BusyNetwork{}, err
	}
	if least, wide := tooWide(prefix); wide {
		return BusyNetwork{}, fmt.Errorf("%s is so wide that strangers are in it, who could then guess more passwords; name addresses, or networks of /%d or narrower", quote(network), least)
	}
	times, err := strconv.Atoi(number)
	if err != nil || times < busyLeast || times > busyMost {
		return BusyNetwork{}, fmt.Errorf("%s is not a whole number from %d to %d", quote(number), busyLeast, busyMost)
	}
	return BusyNetwork{Prefix: prefix, Times: times}, nil
}
