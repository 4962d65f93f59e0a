package handlers

import (
	"slices"

	"github.com/gin-gonic/gin"
)

// notice is what a page says once, after something was done: a code whose text
// is notice.CODE.
type notice string

// The notices.
const (
	noticeConfirmed         notice = "confirmed"
	noticeConfirmFirst      notice = "confirm_first"
	noticeResent            notice = "resent"
	noticeCorrected         notice = "corrected"
	noticeSignedOut         notice = "signed_out"
	noticeSignedOutAll      notice = "signed_out_everywhere"
	noticeProfileSaved      notice = "profile_saved"
	noticePasswordChanged   notice = "password_changed"
	noticePasswordReset     notice = "password_reset"
	noticePasswordConfirmed notice = "password_confirmed"
	noticeEmailAsked        notice = "email_change_sent"
	noticeEmailChanged      notice = "email_changed"
	noticeEmailUndone       notice = "email_undone"
	noticeSessionEnded      notice = "session_ended"
	noticeOtherSessionsOver notice = "sessions_ended"
	noticeNotMe             notice = "not_me_done"
	noticePINSet            notice = "pin_set"
	noticePINChanged        notice = "pin_changed"
	noticePINRemoved        notice = "pin_removed"
	noticePINMailSent       notice = "pin_mail_sent"
	noticeAccountDeleted    notice = "account_deleted"
	noticeLanguageSaved     notice = "language_saved"

	noticeServerClaimed      notice = "server_claimed"
	noticeServerRenamed      notice = "server_renamed"
	noticeServerHandedOver   notice = "server_handed_over"
	noticeServerRemoved      notice = "server_removed"
	noticeServerLeft         notice = "server_left"
	noticeAddressAdded       notice = "address_added"
	noticeAddressMoved       notice = "address_moved"
	noticeAddressHidden      notice = "address_hidden"
	noticeAddressShown       notice = "address_shown"
	noticeAddressRemoved     notice = "address_removed"
	noticePersonRemoved      notice = "person_removed"
	noticeInvitationAccepted notice = "invitation_accepted"
	noticeInvitationDeclined notice = "invitation_declined"
	noticeDeviceApproved     notice = "device_approved"
	noticeDeviceDenied       notice = "device_denied"
	noticeInviteSent         notice = "invite_sent"
	noticeInviteWithdrawn    notice = "invite_withdrawn"
	noticeTermsSaved         notice = "terms_saved"
	noticeSelfServiceOn      notice = "self_service_on"
	noticeSelfServiceOff     notice = "self_service_off"
)

func notices() []notice {
	return []notice{
		noticeConfirmed, noticeConfirmFirst, noticeResent, noticeCorrected, noticeSignedOut, noticeSignedOutAll,
		noticeProfileSaved, noticePasswordChanged, noticePasswordReset, noticePasswordConfirmed, noticeEmailAsked, noticeEmailChanged,
		noticeEmailUndone, noticeSessionEnded, noticeOtherSessionsOver, noticeNotMe, noticePINSet, noticePINChanged, noticePINRemoved,
		noticePINMailSent, noticeAccountDeleted, noticeLanguageSaved,
		noticeServerClaimed, noticeServerRenamed, noticeServerHandedOver, noticeServerRemoved, noticeServerLeft,
		noticeAddressAdded, noticeAddressMoved, noticeAddressHidden, noticeAddressShown, noticeAddressRemoved,
		noticePersonRemoved, noticeInvitationAccepted, noticeInvitationDeclined, noticeDeviceApproved, noticeDeviceDenied,
		noticeInviteSent, noticeInviteWithdrawn, noticeTermsSaved, noticeSelfServiceOn, noticeSelfServiceOff,
	}
}

// leave sends the browser to one of our pages, which will say n.
func (s *site) leave(c *gin.Context, to string, n notice) error {
	s.setCookie(c, cookieNotice, string(n), noticeLife)
	return seeOther(c, to)
}

// takeNotice is the text that waits to be said, and forgets it.
func (s *site) takeNotice(c *gin.Context, b Base) string {
	waiting := s.cookie(c, cookieNotice)
	if waiting == "" {
		return ""
	}
	s.clearCookie(c, cookieNotice)
	if !slices.Contains(notices(), notice(waiting)) {
		return ""
	}
	return b.T("notice." + waiting)
}
