package jobs

import (
	"github.com/latchkey-media/latchkey/mailer"
	"github.com/latchkey-media/latchkey/models"
)

// LetterOf gives tests the letter that the worker hands to the mailer.
func LetterOf(l models.Letter) mailer.Letter { return letterOf(l) }
