package handlers

import (
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// operatorMessageSamples returns the pages of messages to everybody, and a page that shows two of them.
func (s sampler) operatorMessageSamples() []sample {
	list := operatorMessagesPage{operatorPage: s.operator("operator_messages", "messages"), Key: "k"}
	list.Turns = turnsView{Base: list.Base}
	list.fill(newInputs(list.Base, form{"kind": models.MessageInformation}, mistakes{}))
	none := list
	none.First.Title = s.wrong(none.First.Title, "", "message_title_invalid")
	none.OthersWrong = true
	none.Until = s.wrong(none.Until, "x", "moment_invalid")
	var samples []sample
	for name, one := range map[string]models.Message{
		"operator_message":           {Kind: models.MessageWarning, ToStrangers: true, MailState: models.MessageMailWaiting, MailTotal: 1200, MailCount: 300, MailQueued: 17},
		"operator_message-coming":    {Kind: models.MessageInformation, From: s.at.Add(time.Minute), MailState: models.MessageMailNone},
		"operator_message-withdrawn": {Kind: models.MessageInformation, Withdrawn: s.at, MailState: models.MessageMailStopped, MailTotal: 12, MailCount: 1, MailQueued: 1},
		"operator_message-over":      {Kind: models.MessageInformation, Until: s.at, MailState: models.MessageMailDone, MailTotal: 12, MailCount: 12},
	} {
		one.ID, one.Texts = 7, map[string]models.MessageText{"en": {Title: longName, Text: "Tonight at ten.\nhttps://status.example.org"}, "de": {Title: "Wir ziehen um"}}
		if one.Until.IsZero() {
			one.Until = s.at.Add(time.Hour)
		}
		page := operatorMessagePage{operatorPage: s.operator("operator_message", "messages")}
		page.Of, page.Texts = page.operatedMessage(one, s.at), page.messageTexts(one)
		samples, list.Messages = append(samples, sample{name, page}), append(list.Messages, page.Of)
	}
	told := signUpClosedPage{Base: s.base("signup_closed")}
	told.Banners = []bannerView{
		{ID: "8", Title: "We move house", Text: "Tonight at ten.\nhttps://status.example.org", Warning: true, Lang: "fr"}, {ID: "7", Title: longName},
	}
	return append(samples, sample{"operator_messages", list}, sample{"operator_messages-none", none}, sample{"signup_closed-told", told})
}
