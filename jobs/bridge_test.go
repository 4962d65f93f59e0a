package jobs

import (
	"github.com/latchkey-media/latchkey/mailer"
	"github.com/latchkey-media/latchkey/models"
)

// LetterOf gives tests the data of a mail in the form in which the worker passes them to the
// mailer.
func LetterOf(l models.Letter) mailer.Letter { return letterOf(l) }
