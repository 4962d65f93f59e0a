package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/latchkey-media/latchkey/agent/builtin"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/internal/printable"
)

type agentUsersLimit struct {
	localUser

	MaxRating *string   `name:"max-rating" placeholder:"RATING" help:"Hide what is rated higher, for example PG-13, FSK-12 or 12; any shows every rating."`
	Unrated   string    `name:"unrated" enum:"show,hide," default:"" help:"Whether things without a rating are shown: show or hide."`
	HideTags  *[]string `name:"hide-tags" placeholder:"TAG,…" help:"Hide what has one of these tags; an empty text hides none."`
	OnlyTags  *[]string `name:"only-tags" placeholder:"TAG,…" help:"Show only what has one of these tags; an empty text shows all."`
}

// Run changes what a local user sees of the catalogue, and prints the result. Everything that no flag
// names stays as it is.
func (c agentUsersLimit) Run(p *agentProgram) error {
	return p.withBuiltin(func(s *builtin.Server) error {
		user, err := findUser(p, s, c.Name)
		if err != nil {
			return err
		}
		found, err := s.User(p.ctx, user.ID)
		if err != nil {
			return err
		}
		policy := found.Policy
		if err := c.apply(s, &policy); err != nil {
			return err
		}
		switch err := s.SetPolicy(p.ctx, user.ID, policy); {
		case errors.Is(err, mediaserver.ErrNotAllowed):
			return fmt.Errorf("%s is an administrator of the media server and sees everything", printable.Text(user.Name))
		case err != nil:
			return err
		}
		_, err = fmt.Fprintf(p.output, "%s sees %s.\n", printable.Text(user.Name), shownBy(&policy, c.MaxRating))
		return err
	})
}

// apply writes the values of the flags into a policy.
func (c agentUsersLimit) apply(s *builtin.Server, policy *builtin.Policy) error {
	if c.MaxRating != nil {
		policy.MaxRating, policy.MaxSubRating = nil, nil
		if *c.MaxRating != anyRating {
			rating, err := s.FindRating(*c.MaxRating)
			if err != nil {
				return fmt.Errorf("max-rating: %w", err)
			}
			policy.MaxRating, policy.MaxSubRating = &rating.Value, rating.Sub
		}
	}
	switch c.Unrated {
	case "hide":
		policy.BlockUnrated = builtin.UnratedKinds()
	case "show":
		policy.BlockUnrated = nil
	}
	if c.HideTags != nil {
		policy.BlockedTags = tagsOf(*c.HideTags)
	}
	if c.OnlyTags != nil {
		policy.AllowedTags = tagsOf(*c.OnlyTags)
	}
	return nil
}

// anyRating is the value of max-rating that removes the limit.
const anyRating = "any"

// tagsOf returns the tags of a flag, without blanks around them. It leaves out empty tags.
func tagsOf(given []string) (tags []string) {
	for _, tag := range given {
		if tag = strings.TrimSpace(tag); tag != "" {
			tags = append(tags, tag)
		}
	}
	return tags
}

// shownBy says in words what a policy lets somebody see. rating is the name of the greatest rating, if
// it was given just now.
func shownBy(policy *builtin.Policy, rating *string) string {
	var limits []string
	if policy.MaxRating != nil {
		name := fmt.Sprintf("an age of %d", *policy.MaxRating)
		if rating != nil {
			name = printable.Text(*rating)
		}
		limits = append(limits, "nothing rated higher than "+name)
	}
	if len(policy.BlockUnrated) > 0 {
		limits = append(limits, "nothing without a rating")
	}
	if len(policy.BlockedTags) > 0 {
		limits = append(limits, "nothing with the tags "+printable.Text(strings.Join(policy.BlockedTags, ", ")))
	}
	if len(policy.AllowedTags) > 0 {
		limits = append(limits, "only things with one of the tags "+printable.Text(strings.Join(policy.AllowedTags, ", ")))
	}
	if len(limits) == 0 {
		return "everything in their libraries"
	}
	return strings.Join(limits, "; ")
}
