package config

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// timeOfDay is how a time of the day is written.
const timeOfDay = "15:04"

// BackupTime returns the time since midnight that backup-at names, and whether it names one. Call it on
// settings that passed Loaded.Check.
func (s *Settings) BackupTime() (sinceMidnight time.Duration, set bool) {
	at, err := time.Parse(timeOfDay, s.BackupAt)
	return time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute, err == nil
}

func checkTimeOfDay(text string) error {
	if _, err := time.Parse(timeOfDay, text); text != "" && err != nil {
		return fmt.Errorf("%s is not a time of the day such as 03:30", quote(text))
	}
	return nil
}

// checkRecipients looks whether each text can be a public key of age. The command line and the start of
// the service read the keys themselves.
func checkRecipients(texts []string) error {
	public := regexp.MustCompile(`^age1[0-9a-z]+$`)
	for _, text := range texts {
		if strings.HasPrefix(strings.ToUpper(text), "AGE-SECRET-KEY-") {
			return errors.New("has a secret key of age; name the public key, which begins with age1 (age-keygen -y prints it)")
		}
		if !public.MatchString(text) {
			return fmt.Errorf("%s is not a public key of age, which begins with age1", quote(text))
		}
	}
	return nil
}
