package jellyfintest

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// stored returns a policy as the server keeps it after a request. Members that the request leaves
// out get their defaults, and members without a value are left out of answers. Lists of texts are
// kept as one text with commas between the entries, so that an entry with a comma comes back as
// several. Hours get an id, which is another one after each request, and the user. A request does not
// change the old lists of blocked libraries and channels.
func (s *Server) stored(u *user, policy map[string]json.RawMessage) map[string]json.RawMessage {
	whole := s.defaults()
	for name, raw := range policy {
		if s.hasPolicy(name) || s.extra[name] {
			whole[name] = raw
		}
	}
	maps.DeleteFunc(whole, func(_ string, raw json.RawMessage) bool { return string(raw) == "null" })
	next := &user{policy: whole}
	for _, name := range []string{"BlockedTags", "AllowedTags", "EnableContentDeletionFromFolders", "EnabledDevices"} {
		if list := next.list(name); slices.ContainsFunc(list, func(entry string) bool { return entry == "" || strings.Contains(entry, ",") }) {
			kept := []string{}
			if joined := strings.Join(list, ","); joined != "" {
				kept = strings.Split(joined, ",")
			}
			next.set(name, kept)
		}
	}
	hours := []object{}
	for _, h := range next.hours() {
		s.schedules++
		hours = append(hours, object{"Id": s.schedules, "UserId": u.id, "DayOfWeek": h.DayOfWeek, "StartHour": h.StartHour, "EndHour": h.EndHour})
	}
	next.set("AccessSchedules", hours)
	for _, name := range []string{"BlockedMediaFolders", "BlockedChannels"} {
		whole[name] = u.policy[name]
	}
	return whole
}

// blocks reports whether the old list of blocked libraries decides what a user may open. Then it
// overrules EnableAllFolders and EnabledFolders.
func (u *user) blocks() bool { return len(u.list("BlockedMediaFolders")) > 0 }
