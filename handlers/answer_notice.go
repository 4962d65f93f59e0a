package handlers

import "github.com/gin-gonic/gin"

// notice is the code of a message that the next page shows once, after something
// was done. Its text has the key notice.CODE.
type notice string

// The notices. A new notice only needs its text in every language.
const (
	noticeConfirmed         notice = "confirmed"
	noticeConfirmedBefore   notice = "confirmed_before"
	noticeConfirmFirst      notice = "confirm_first"
	noticeResent            notice = "resent"
	noticeCorrected         notice = "corrected"
	noticeSignedOut         notice = "signed_out"
	noticeSignedOutAll      notice = "signed_out_everywhere"
	noticeProfileSaved      notice = "profile_saved"
	noticePictureSaved      notice = "picture_saved"
	noticeHouseholdJoined   notice = "household_joined"
	noticeHouseholdSaved    notice = "household_saved"
	noticePictureRemoved    notice = "picture_removed"
	noticeMemberAdded       notice = "member_added"
	noticeMemberDeleted     notice = "member_deleted"
	noticeMemberSaved       notice = "member_saved"
	noticeMemberLetGo       notice = "member_let_go"
	noticeMemberLetGoBack   notice = "member_let_go_back"
	noticeFamilyAsked       notice = "family_asked"
	noticeFamilyRemoved     notice = "family_removed"
	noticeFamilyJoined      notice = "family_joined"
	noticeFamilyDeclined    notice = "family_declined"
	noticeFamilyLeft        notice = "family_left"
	noticeInviteMailsOn     notice = "invite_mails_on"
	noticeInviteMailsOff    notice = "invite_mails_off"
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
	noticeStartNoteSaved     notice = "start_note_saved"
	noticePasswordsOn        notice = "linked_passwords_on"
	noticePasswordsOff       notice = "linked_passwords_off"
	noticeServerHandedOver   notice = "server_handed_over"
	noticeServerRemoved      notice = "server_removed"
	noticeServerKeysEnded    notice = "server_keys_ended"
	noticeLibraryReplaced    notice = "library_replaced"
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
	noticeWelcome            notice = "welcome"
	noticeInviteLinkMade     notice = "invite_link_made"
	noticeImportStarted      notice = "import_started"
	noticeImportDiscarded    notice = "import_discarded"
	noticeImportReminded     notice = "import_reminded"
	noticeAddressConfirmed   notice = "address_confirmed"
	noticeHaveAccount        notice = "have_account"
	noticeInviteSent         notice = "invite_sent"
	noticeInviteWithdrawn    notice = "invite_withdrawn"
	noticeInviteProfile      notice = "invite_profile_saved"
	noticeInviteProfileGone  notice = "invite_profile_deleted"
	noticeInviteProfileCopy  notice = "invite_profile_copied"
	noticeTermsSaved         notice = "terms_saved"
	noticeStaySaved          notice = "stay_saved"
	noticeStayPaused         notice = "stay_paused"
	noticeStayResumed        notice = "stay_resumed"
	noticeUnlocked           notice = "unlocked"
	noticeLocked             notice = "locked"
	noticeHoldSaved          notice = "hold_saved"
	noticeProtectionSaved    notice = "protection_saved"
	noticeSelfServiceOn      notice = "self_service_on"
	noticeSelfServiceOff     notice = "self_service_off"

	noticeOperatorDone notice = "operator_done"

	noticeWebhookMade    notice = "webhook_made"
	noticeWebhookSaved   notice = "webhook_saved"
	noticeWebhookSent    notice = "webhook_sent"
	noticeWebhookDeleted notice = "webhook_deleted"

	noticeCircleMade      notice = "circle_made"
	noticeCircleAsked     notice = "circle_asked"
	noticeCircleSaved     notice = "circle_saved"
	noticeCircleJoined    notice = "circle_joined"
	noticeCircleTaken     notice = "circle_taken"
	noticeCircleWaits     notice = "circle_waits"
	noticeCircleServerOut notice = "circle_server_out"
	noticeCircleAdmitted  notice = "circle_admitted"
	noticeCircleRefused   notice = "circle_refused"
	noticeCircleDeclined  notice = "circle_declined"
	noticeCircleLeft      notice = "circle_left"
	noticeCircleDissolved notice = "circle_dissolved"
)

// leave redirects the browser to a page of the site, which then shows the notice n.
func (s *site) leave(c *gin.Context, to string, n notice) error {
	s.setCookie(c, cookieNotice, string(n), noticeLife)
	return seeOther(c, to)
}

// takeNotice returns the text of the notice that waits in the browser's cookie, and makes
// the browser forget the cookie. It returns "" if no notice waits, or if the cookie's value
// is not the code of a notice.
func (s *site) takeNotice(c *gin.Context, b Base) string {
	waiting := s.cookie(c, cookieNotice)
	if waiting == "" {
		return ""
	}
	s.clearCookie(c, cookieNotice)
	key := "notice." + waiting
	if text := b.T(key); text != key {
		return text
	}
	return ""
}
