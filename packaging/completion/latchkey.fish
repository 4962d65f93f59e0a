# Completion of latchkey for fish; made by: latchkey completion fish
function __latchkey_at
    set -l place ''
    for word in (commandline -opc)[2..-1]
        set -l deeper (string trim -- "$place $word")
        if contains -- "$deeper" 'account confirm' 'account create' 'account delete' 'account disable' 'account enable' 'account end-sessions' 'account list' 'account operator' 'account send-reset' 'account unlock' 'account' 'agent allow' 'agent builtin' 'agent check' 'agent config' 'agent disallow' 'agent healthcheck' 'agent import' 'agent invite' 'agent invites list' 'agent invites withdraw' 'agent invites' 'agent levels' 'agent link' 'agent lock' 'agent run' 'agent setup' 'agent status' 'agent unlink' 'agent unlock' 'agent users add' 'agent users disable' 'agent users enable' 'agent users hide' 'agent users limit' 'agent users list' 'agent users password' 'agent users picture' 'agent users show' 'agent users' 'agent' 'backup' 'completion' 'config' 'copy' 'demo' 'doctor' 'healthcheck' 'mail allow' 'mail drop' 'mail list' 'mail retry' 'mail stop' 'mail stopped' 'mail test' 'mail' 'migrate' 'operator families list' 'operator families show' 'operator families' 'operator history' 'operator invites list' 'operator invites make' 'operator invites withdraw' 'operator invites' 'operator lift' 'operator messages list' 'operator messages make' 'operator messages withdraw' 'operator messages' 'operator overview' 'operator set' 'operator settings' 'operator throttles' 'operator unset' 'operator webhooks add' 'operator webhooks address' 'operator webhooks list' 'operator webhooks log' 'operator webhooks off' 'operator webhooks on' 'operator webhooks remove' 'operator webhooks replay' 'operator webhooks secret' 'operator webhooks test' 'operator webhooks' 'operator' 'restore' 'serve' 'server disable' 'server enable' 'server list' 'server remove' 'server show' 'server' 'setup ask' 'setup code' 'setup' 'version'
            set place $deeper
        end
    end
    test "$place" = "$argv[1]"
end
function __latchkey_agent
    set -l words (commandline -opc)
    test "$words[2]" = agent
end
complete -c latchkeyctl -w latchkey
complete -c latchkey -f -n "__latchkey_at ''" -a 'serve' -d 'Run the service'
complete -c latchkey -f -n "__latchkey_at ''" -a 'migrate' -d 'Bring the database up to date and stop'
complete -c latchkey -f -n "__latchkey_at ''" -a 'config' -d 'Print the settings that are in force, each with its origin'
complete -c latchkey -f -n "__latchkey_at ''" -a 'account' -d 'Manage accounts'
complete -c latchkey -f -n "__latchkey_at ''" -a 'server' -d 'Manage media servers'
complete -c latchkey -f -n "__latchkey_at ''" -a 'mail' -d 'Manage the mail queue'
complete -c latchkey -f -n "__latchkey_at ''" -a 'backup' -d 'Write the whole database into one file, while the service runs'
complete -c latchkey -f -n "__latchkey_at ''" -a 'restore' -d 'Put a backup in the place of the database'
complete -c latchkey -f -n "__latchkey_at ''" -a 'copy' -d 'Copy the database to another one, also of the other engine'
complete -c latchkey -f -n "__latchkey_at ''" -a 'operator' -d 'See what the pages of operators show, and lift limits'
complete -c latchkey -f -n "__latchkey_at ''" -a 'doctor' -d 'Look whether everything around the service is as it should be, and say what to do'
complete -c latchkey -f -n "__latchkey_at ''" -a 'setup' -d 'Set the service up for the first time'
complete -c latchkey -f -n "__latchkey_at ''" -a 'healthcheck' -d 'Ask the running service whether it is ready'
complete -c latchkey -f -n "__latchkey_at ''" -a 'completion' -d 'Print a script by which a shell completes the commands and flags'
complete -c latchkey -f -n "__latchkey_at ''" -a 'version' -d 'Print the version'
complete -c latchkey -f -n "__latchkey_at ''" -a 'demo' -d 'Start the service and an agent with example people, to try everything'
complete -c latchkey -f -n "__latchkey_at ''" -a 'agent' -d 'The program beside a media server'
complete -c latchkey -n "__latchkey_at 'serve'" -l 'restored' -d 'The database, or the folder with it, was restored from a backup  end all sessions, open invites, codes and mailed links, and replace all access keys'
complete -c latchkey -n "__latchkey_at 'config'" -l 'json' -d 'Print JSON, for a program'
complete -c latchkey -f -n "__latchkey_at 'account'" -a 'create' -d 'Make an account'
complete -c latchkey -f -n "__latchkey_at 'account'" -a 'confirm' -d 'Confirm an account without its mail'
complete -c latchkey -f -n "__latchkey_at 'account'" -a 'disable' -d 'Disable an account  its sessions and links end at once'
complete -c latchkey -f -n "__latchkey_at 'account'" -a 'enable' -d 'Enable a disabled account again'
complete -c latchkey -f -n "__latchkey_at 'account'" -a 'unlock' -d 'Lift the limits that slow down or refuse sign-ins to an account'
complete -c latchkey -f -n "__latchkey_at 'account'" -a 'operator' -d 'Allow or forbid an account to use the pages of operators and their part of the API'
complete -c latchkey -f -n "__latchkey_at 'account'" -a 'send-reset' -d 'Mail a link to choose a new password'
complete -c latchkey -f -n "__latchkey_at 'account'" -a 'end-sessions' -d 'Sign an account out everywhere'
complete -c latchkey -f -n "__latchkey_at 'account'" -a 'list' -d 'List accounts'
complete -c latchkey -f -n "__latchkey_at 'account'" -a 'delete' -d 'Erase an account and all data of the person'
complete -c latchkey -n "__latchkey_at 'account create'" -l 'display-name' -d 'Name that is shown; without it, the username is shown' -r
complete -c latchkey -n "__latchkey_at 'account create'" -l 'language' -d 'Language of mails and pages' -r
complete -c latchkey -n "__latchkey_at 'account create'" -l 'password-stdin' -d 'Read the password from the standard input, for an account of your own'
complete -c latchkey -n "__latchkey_at 'account list'" -l 'json' -d 'Print JSON, for a program'
complete -c latchkey -n "__latchkey_at 'account delete'" -l 'yes' -d 'Do not ask'
complete -c latchkey -f -n "__latchkey_at 'server'" -a 'list' -d 'List the media servers that are registered'
complete -c latchkey -f -n "__latchkey_at 'server'" -a 'show' -d 'Show a server with its addresses and people'
complete -c latchkey -f -n "__latchkey_at 'server'" -a 'disable' -d 'Disable a server  its key no longer works, and people no longer get its addresses'
complete -c latchkey -f -n "__latchkey_at 'server'" -a 'enable' -d 'Enable a disabled server again'
complete -c latchkey -f -n "__latchkey_at 'server'" -a 'remove' -d 'Erase a server with its keys, addresses and links'
complete -c latchkey -n "__latchkey_at 'server list'" -l 'json' -d 'Print JSON, for a program'
complete -c latchkey -n "__latchkey_at 'server remove'" -l 'yes' -d 'Do not ask'
complete -c latchkey -f -n "__latchkey_at 'mail'" -a 'test' -d 'Send a test mail at once and print whether it was sent'
complete -c latchkey -f -n "__latchkey_at 'mail'" -a 'list' -d 'List the mails that wait to be sent, and the mails that could not be sent'
complete -c latchkey -f -n "__latchkey_at 'mail'" -a 'retry' -d 'Try to send a mail again at once'
complete -c latchkey -f -n "__latchkey_at 'mail'" -a 'drop' -d 'Delete a mail without sending it'
complete -c latchkey -f -n "__latchkey_at 'mail'" -a 'stop' -d 'Send no more invitations to an address, because its owner asks for that'
complete -c latchkey -f -n "__latchkey_at 'mail'" -a 'allow' -d 'Send invitations to an address again, because its owner asks for that'
complete -c latchkey -f -n "__latchkey_at 'mail'" -a 'stopped' -d 'Print whether an address gets invitations'
complete -c latchkey -n "__latchkey_at 'mail test'" -l 'language' -d 'Language of the mail' -r
complete -c latchkey -n "__latchkey_at 'mail list'" -l 'json' -d 'Print JSON, for a program'
complete -c latchkey -n "__latchkey_at 'backup'" -l 'to' -d 'Encrypt the backup to this public key of age; several times for several keys' -r
complete -c latchkey -n "__latchkey_at 'backup'" -l 'plain' -d 'Do not encrypt, although the settings have backup-recipients'
complete -c latchkey -n "__latchkey_at 'backup'" -l 'replace' -d 'Replace the file if it exists'
complete -c latchkey -n "__latchkey_at 'backup'" -l 'json' -d 'Print the result as JSON, for programs'
complete -c latchkey -n "__latchkey_at 'restore'" -l 'identity' -d 'File with the secret key of age with which an encrypted backup is read; several times for several files' -r
complete -c latchkey -n "__latchkey_at 'restore'" -l 'replace' -d 'Restore also if the database has data'
complete -c latchkey -n "__latchkey_at 'restore'" -l 'check' -d 'Only check the file  nothing is changed, and no database is needed'
complete -c latchkey -n "__latchkey_at 'restore'" -l 'unproven' -d 'Restore also a backup that does not prove who made it, such as one of an older version'
complete -c latchkey -n "__latchkey_at 'restore'" -l 'json' -d 'Print the result as JSON, for programs'
complete -c latchkey -n "__latchkey_at 'copy'" -l 'from' -d 'Database that is copied  sqlite PATH or mysql //user password@host port/name, or @FILE for a file that has the address, so that no password is in the command line' -r
complete -c latchkey -n "__latchkey_at 'copy'" -l 'to' -d 'Empty database that becomes the copy, in the same form' -r
complete -c latchkey -n "__latchkey_at 'copy'" -l 'json' -d 'Print the result as JSON, for programs'
complete -c latchkey -f -n "__latchkey_at 'operator'" -a 'overview' -d 'Print how the service is doing  accounts, servers, mails, limits in force, and the last 30 days'
complete -c latchkey -f -n "__latchkey_at 'operator'" -a 'history' -d 'List what operators did, the newest first'
complete -c latchkey -f -n "__latchkey_at 'operator'" -a 'families' -d 'List families, and show who belongs to one'
complete -c latchkey -f -n "__latchkey_at 'operator'" -a 'invites' -d 'List, make and withdraw invites to sign up'
complete -c latchkey -f -n "__latchkey_at 'operator'" -a 'messages' -d 'List, make and withdraw messages to everybody'
complete -c latchkey -f -n "__latchkey_at 'operator'" -a 'throttles' -d 'List the limits that stop a person or an address now'
complete -c latchkey -f -n "__latchkey_at 'operator'" -a 'settings' -d 'List the settings in force, with where each comes from and whether it can be set here'
complete -c latchkey -f -n "__latchkey_at 'operator'" -a 'set' -d 'Set a setting that no flag, environment or file has'
complete -c latchkey -f -n "__latchkey_at 'operator'" -a 'unset' -d 'Put a setting back to its default'
complete -c latchkey -f -n "__latchkey_at 'operator'" -a 'webhooks' -d 'See and change the webhooks of the operators'
complete -c latchkey -f -n "__latchkey_at 'operator'" -a 'lift' -d 'Lift the limits that stop a person or an address'
complete -c latchkey -n "__latchkey_at 'operator overview'" -l 'json' -d 'Print JSON, for a program'
complete -c latchkey -n "__latchkey_at 'operator history'" -l 'json' -d 'Print JSON, for a program'
complete -c latchkey -n "__latchkey_at 'operator history'" -l 'most' -d 'How many at most' -r
complete -c latchkey -f -n "__latchkey_at 'operator families'" -a 'list' -d 'List the families by their first guardians'
complete -c latchkey -f -n "__latchkey_at 'operator families'" -a 'show' -d 'Show who belongs to the family of an account'
complete -c latchkey -n "__latchkey_at 'operator families list'" -l 'json' -d 'Print JSON, for a program'
complete -c latchkey -n "__latchkey_at 'operator families list'" -l 'prefix' -d 'Beginning of the username of the first guardian' -r
complete -c latchkey -n "__latchkey_at 'operator families show'" -l 'json' -d 'Print JSON, for a program'
complete -c latchkey -f -n "__latchkey_at 'operator invites'" -a 'list' -d 'List the invites to sign up, the newest first'
complete -c latchkey -f -n "__latchkey_at 'operator invites'" -a 'make' -d 'Make an invite to sign up  by mail, as a link, or both'
complete -c latchkey -f -n "__latchkey_at 'operator invites'" -a 'withdraw' -d 'Take back an invite to sign up'
complete -c latchkey -n "__latchkey_at 'operator invites list'" -l 'json' -d 'Print JSON, for a program'
complete -c latchkey -n "__latchkey_at 'operator invites list'" -l 'open' -d 'Only those that can be accepted'
complete -c latchkey -n "__latchkey_at 'operator invites list'" -l 'most' -d 'How many at most' -r
complete -c latchkey -n "__latchkey_at 'operator invites make'" -l 'json' -d 'Print JSON, for a program'
complete -c latchkey -n "__latchkey_at 'operator invites make'" -l 'to' -d 'Email address to which the invite is mailed' -r
complete -c latchkey -n "__latchkey_at 'operator invites make'" -l 'link' -d 'Make a link as well as the mail'
complete -c latchkey -n "__latchkey_at 'operator invites make'" -l 'name' -d 'Name that the page greets' -r
complete -c latchkey -n "__latchkey_at 'operator invites make'" -l 'uses' -d 'How many people may accept the link' -r
complete -c latchkey -n "__latchkey_at 'operator invites make'" -l 'until' -d 'Last day on which it can be accepted, in UTC, as 2026-12-31' -r
complete -c latchkey -n "__latchkey_at 'operator invites make'" -l 'note' -d 'Text that the page shows' -r
complete -c latchkey -f -n "__latchkey_at 'operator messages'" -a 'list' -d 'List the messages to everybody, the newest first'
complete -c latchkey -f -n "__latchkey_at 'operator messages'" -a 'make' -d 'Show a message above all pages, and mail it if wanted'
complete -c latchkey -f -n "__latchkey_at 'operator messages'" -a 'withdraw' -d 'Take a message off the pages and stop its mails'
complete -c latchkey -n "__latchkey_at 'operator messages list'" -l 'json' -d 'Print JSON, for a program'
complete -c latchkey -n "__latchkey_at 'operator messages list'" -l 'most' -d 'How many at most' -r
complete -c latchkey -n "__latchkey_at 'operator messages make'" -l 'json' -d 'Print JSON, for a program'
complete -c latchkey -n "__latchkey_at 'operator messages make'" -l 'title' -d 'Title, with its language  en=Maintenance tonight' -r
complete -c latchkey -n "__latchkey_at 'operator messages make'" -l 'text' -d 'Text below the title, with its language' -r
complete -c latchkey -n "__latchkey_at 'operator messages make'" -l 'kind' -d 'information or warning' -r
complete -c latchkey -n "__latchkey_at 'operator messages make'" -l 'from' -d 'When pages begin to show it, in UTC, as 2026-12-31T22 00' -r
complete -c latchkey -n "__latchkey_at 'operator messages make'" -l 'until' -d 'When pages cease to show it, in the same form' -r
complete -c latchkey -n "__latchkey_at 'operator messages make'" -l 'to-strangers' -d 'Also show it to people who are not signed in'
complete -c latchkey -n "__latchkey_at 'operator messages make'" -l 'mail' -d 'Mail it once to everybody who has an address'
complete -c latchkey -n "__latchkey_at 'operator throttles'" -l 'json' -d 'Print JSON, for a program'
complete -c latchkey -n "__latchkey_at 'operator settings'" -l 'json' -d 'Print JSON, for a program'
complete -c latchkey -f -n "__latchkey_at 'operator webhooks'" -a 'list' -d 'List the webhooks of the operators'
complete -c latchkey -f -n "__latchkey_at 'operator webhooks'" -a 'add' -d 'Add a webhook'
complete -c latchkey -f -n "__latchkey_at 'operator webhooks'" -a 'on' -d 'Switch a webhook on'
complete -c latchkey -f -n "__latchkey_at 'operator webhooks'" -a 'off' -d 'Switch a webhook off'
complete -c latchkey -f -n "__latchkey_at 'operator webhooks'" -a 'test' -d 'Send a test'
complete -c latchkey -f -n "__latchkey_at 'operator webhooks'" -a 'log' -d 'List the messages of a webhook, the newest first'
complete -c latchkey -f -n "__latchkey_at 'operator webhooks'" -a 'replay' -d 'Send a message again'
complete -c latchkey -f -n "__latchkey_at 'operator webhooks'" -a 'address' -d 'Give a webhook another address'
complete -c latchkey -f -n "__latchkey_at 'operator webhooks'" -a 'secret' -d 'Replace the secret of the signatures, and print the new one'
complete -c latchkey -f -n "__latchkey_at 'operator webhooks'" -a 'remove' -d 'Delete a webhook'
complete -c latchkey -n "__latchkey_at 'operator webhooks list'" -l 'json' -d 'Print JSON, for a program'
complete -c latchkey -n "__latchkey_at 'operator webhooks add'" -l 'json' -d 'Print JSON, for a program'
complete -c latchkey -n "__latchkey_at 'operator webhooks add'" -l 'address' -d 'Where the messages go; nothing for Telegram' -r
complete -c latchkey -n "__latchkey_at 'operator webhooks add'" -l 'room' -d 'The room of Matrix or the chat of Telegram' -r
complete -c latchkey -n "__latchkey_at 'operator webhooks add'" -l 'token' -d 'Read the token from the first line of standard input'
complete -c latchkey -n "__latchkey_at 'operator webhooks add'" -l 'form' -d 'signed, ntfy, gotify, discord, matrix or telegram' -r
complete -c latchkey -n "__latchkey_at 'operator webhooks add'" -l 'events' -d 'What it hears of, separated by commas; everything without this flag' -r
complete -c latchkey -n "__latchkey_at 'operator webhooks add'" -l 'language' -d 'Language of the messages' -r
complete -c latchkey -n "__latchkey_at 'operator webhooks log'" -l 'json' -d 'Print JSON, for a program'
complete -c latchkey -n "__latchkey_at 'operator webhooks address'" -l 'address' -d 'Where the messages go; nothing for Telegram' -r
complete -c latchkey -n "__latchkey_at 'operator webhooks address'" -l 'room' -d 'The room of Matrix or the chat of Telegram' -r
complete -c latchkey -n "__latchkey_at 'operator webhooks address'" -l 'token' -d 'Read the token from the first line of standard input'
complete -c latchkey -n "__latchkey_at 'doctor'" -l 'json' -d 'Print JSON, for a program'
complete -c latchkey -n "__latchkey_at 'doctor'" -l 'dkim-selector' -d 'Look for the key of DKIM under this name, too' -r
complete -c latchkey -f -n "__latchkey_at 'setup'" -a 'ask' -d 'Ask here what the page /welcome asks'
complete -c latchkey -f -n "__latchkey_at 'setup'" -a 'code' -d 'Print the code and the link with which the service is set up in a browser'
complete -c latchkey -f -n "__latchkey_at 'completion'" -a 'bash' -d 'The script for bash.'
complete -c latchkey -f -n "__latchkey_at 'completion'" -a 'zsh' -d 'The script for zsh.'
complete -c latchkey -f -n "__latchkey_at 'completion'" -a 'fish' -d 'The script for fish.'
complete -c latchkey -n "__latchkey_at 'demo'" -l 'agent-listen' -d 'Address and port of the demo s media server, on this machine' -r
complete -c latchkey -n "__latchkey_at 'demo'" -l 'keep' -d 'Keep everything that the demo writes, in this new folder' -r
complete -c latchkey -f -n "__latchkey_at 'agent'" -a 'run' -d 'Run the agent until it is told to stop'
complete -c latchkey -f -n "__latchkey_at 'agent'" -a 'setup' -d 'Ask for the settings that the agent needs, try them, and write them to a file'
complete -c latchkey -f -n "__latchkey_at 'agent'" -a 'status' -d 'Show the registration of the agent and its state'
complete -c latchkey -f -n "__latchkey_at 'agent'" -a 'check' -d 'Check the media server, its addresses, the proxy and this machine, and say what is wrong and what to do'
complete -c latchkey -f -n "__latchkey_at 'agent'" -a 'users' -d 'List the local users of the media server with their links, or manage the local users of the builtin media server'
complete -c latchkey -f -n "__latchkey_at 'agent'" -a 'link' -d 'Ask the account with a username to be linked with a local user, and allow that local user'
complete -c latchkey -f -n "__latchkey_at 'agent'" -a 'allow' -d 'Let the service sign people in as a local user'
complete -c latchkey -f -n "__latchkey_at 'agent'" -a 'disallow' -d 'No longer let the service sign people in as a local user, and end the local tokens that the agent gave for that local user'
complete -c latchkey -f -n "__latchkey_at 'agent'" -a 'unlink' -d 'End the link of a local user, who is then no longer allowed'
complete -c latchkey -f -n "__latchkey_at 'agent'" -a 'unlock' -d 'Open the unlocked level of a local user for some minutes, without a PIN and also while the service is away'
complete -c latchkey -f -n "__latchkey_at 'agent'" -a 'lock' -d 'Close what is unlocked for a local user'
complete -c latchkey -f -n "__latchkey_at 'agent'" -a 'levels' -d 'List the local users with levels  what holds now, until when, and what was changed by hand'
complete -c latchkey -f -n "__latchkey_at 'agent'" -a 'invite' -d 'Invite a guest, by mail or with a link and a QR code'
complete -c latchkey -f -n "__latchkey_at 'agent'" -a 'invites' -d 'List the invites that wait for an answer, or withdraw one'
complete -c latchkey -f -n "__latchkey_at 'agent'" -a 'import' -d 'Invite the people of a list  a CSV file, or what Wizarr or jfa-go has stored'
complete -c latchkey -f -n "__latchkey_at 'agent'" -a 'builtin' -d 'Run only the builtin media server, beside an agent whose media-server-url is its address'
complete -c latchkey -f -n "__latchkey_at 'agent'" -a 'healthcheck' -d 'Ask the running agent whether it is ready'
complete -c latchkey -f -n "__latchkey_at 'agent'" -a 'config' -d 'Print the effective settings, each with its origin; secrets are masked'
complete -c latchkey -n "__latchkey_at 'agent setup'" -l 'force' -d 'Replace the existing file of settings'
complete -c latchkey -n "__latchkey_at 'agent check'" -l 'json' -d 'Print the results as JSON, for programs'
complete -c latchkey -f -n "__latchkey_at 'agent users'" -a 'list' -d 'List the local users of the media server with their links'
complete -c latchkey -f -n "__latchkey_at 'agent users'" -a 'add' -d 'Create a local user (builtin media server)'
complete -c latchkey -f -n "__latchkey_at 'agent users'" -a 'hide' -d 'Remove a local user from the list on sign-in pages (builtin media server)'
complete -c latchkey -f -n "__latchkey_at 'agent users'" -a 'show' -d 'Show a local user in the list on sign-in pages (builtin media server)'
complete -c latchkey -f -n "__latchkey_at 'agent users'" -a 'disable' -d 'Disable a local user and sign them out on all devices (builtin media server)'
complete -c latchkey -f -n "__latchkey_at 'agent users'" -a 'enable' -d 'Enable a disabled local user again (builtin media server)'
complete -c latchkey -f -n "__latchkey_at 'agent users'" -a 'password' -d 'Set the password of a local user and sign out their devices (builtin media server)'
complete -c latchkey -f -n "__latchkey_at 'agent users'" -a 'limit' -d 'Limit what a local user sees of the catalogue (builtin media server)'
complete -c latchkey -f -n "__latchkey_at 'agent users'" -a 'picture' -d 'Give a local user a picture (builtin media server)'
complete -c latchkey -n "__latchkey_at 'agent users add'" -l 'admin' -d 'Make them an administrator of the media server'
complete -c latchkey -n "__latchkey_at 'agent users add'" -l 'hidden' -d 'Leave them out of the list on sign-in pages'
complete -c latchkey -n "__latchkey_at 'agent users limit'" -l 'max-rating' -d 'Hide what is rated higher, for example PG-13, FSK-12 or 12; any shows every rating' -r
complete -c latchkey -n "__latchkey_at 'agent users limit'" -l 'unrated' -d 'Whether things without a rating are shown  show or hide' -r
complete -c latchkey -n "__latchkey_at 'agent users limit'" -l 'hide-tags' -d 'Hide what has one of these tags; an empty text hides none' -r
complete -c latchkey -n "__latchkey_at 'agent users limit'" -l 'only-tags' -d 'Show only what has one of these tags; an empty text shows all' -r
complete -c latchkey -n "__latchkey_at 'agent link'" -l 'as' -d 'Name of the asking admin, as the person will read it' -r
complete -c latchkey -n "__latchkey_at 'agent allow'" -l 'listed' -d 'Allow all local users that this command lists without arguments'
complete -c latchkey -n "__latchkey_at 'agent unlock'" -l 'minutes' -d 'How long, from 1 to 1440 minutes' -r
complete -c latchkey -n "__latchkey_at 'agent invite'" -l 'link' -d 'Make a link with a QR code, which you hand on yourself'
complete -c latchkey -n "__latchkey_at 'agent invite'" -l 'family' -d 'Invite the whole family of a guardian, who chooses which members get a link'
complete -c latchkey -n "__latchkey_at 'agent invite'" -l 'name' -d 'Name that the page greets, such as  Aunt Nina ' -r
complete -c latchkey -n "__latchkey_at 'agent invite'" -l 'uses' -d 'How many people may use the link  1 to 100' -r
complete -c latchkey -n "__latchkey_at 'agent invite'" -l 'expires' -d 'Last day on which the invite can be accepted' -r
complete -c latchkey -n "__latchkey_at 'agent invite'" -l 'profile' -d 'Choices that the owner has saved at the service under this name' -r
complete -c latchkey -n "__latchkey_at 'agent invite'" -l 'library' -d 'Library that the guest may see, by name or id' -r
complete -c latchkey -n "__latchkey_at 'agent invite'" -l 'until' -d 'Last day of the person at the server' -r
complete -c latchkey -n "__latchkey_at 'agent invite'" -l 'note' -d 'A few words for the person' -r
complete -c latchkey -f -n "__latchkey_at 'agent invites'" -a 'list' -d 'List the invites that wait for an answer, also those that the owner made at the service'
complete -c latchkey -f -n "__latchkey_at 'agent invites'" -a 'withdraw' -d 'Withdraw an invite that waits for an answer'
complete -c latchkey -n "__latchkey_at 'agent import'" -l 'dry-run' -d 'Only say what would happen, line by line'
complete -c latchkey -n "__latchkey_at 'agent import'" -l 'json' -d 'Print the result as JSON, for programs'
complete -c latchkey -n "__latchkey_at 'agent import'" -l 'profile' -d 'Choices that the owner has saved at the service under this name' -r
complete -c latchkey -n "__latchkey_at 'agent import'" -l 'server' -d 'Which media server, if Wizarr has several' -r
complete -c latchkey -n "__latchkey_at 'agent builtin'" -l 'agent-url' -d 'Address at which  latchkey agent  listens' -r
complete -c latchkey -n "not __latchkey_agent" -l 'help' -d 'Show context-sensitive help'
complete -c latchkey -n "not __latchkey_agent" -l 'dev' -d 'Development mode  plain http, mails written into a folder, keys made on first use'
complete -c latchkey -n "not __latchkey_agent" -l 'config' -d 'YAML file with settings; its keys are the names of the flags' -r
complete -c latchkey -n "not __latchkey_agent" -l 'data-dir' -d 'Folder for the service s own files  the embedded database, the secret key if no setting gives it, and in development the mails' -r
complete -c latchkey -n "not __latchkey_agent" -l 'listen' -d 'Address and port to listen on' -r
complete -c latchkey -n "not __latchkey_agent" -l 'public-url' -d 'Address at which people reach the service  scheme and host, without a path' -r
complete -c latchkey -n "not __latchkey_agent" -l 'trusted-proxies' -d 'Addresses and networks of the reverse proxies in front, separated by commas' -r
complete -c latchkey -n "not __latchkey_agent" -l 'busy-addresses' -d 'Addresses and networks behind which there are many people, each with a number from 2 to 1000, separated by commas' -r
complete -c latchkey -n "not __latchkey_agent" -l 'service-name' -d 'Name of the service on its pages and in its mails' -r
complete -c latchkey -n "not __latchkey_agent" -l 'operator-name' -d 'Who runs the service, in words that its people know' -r
complete -c latchkey -n "not __latchkey_agent" -l 'security-contact' -d 'Where people can report a security problem  an email address or an https address' -r
complete -c latchkey -n "not __latchkey_agent" -l 'database' -d 'Where the data is kept  sqlite PATH, or mysql //user password@host port/name for MySQL and MariaDB' -r
complete -c latchkey -n "not __latchkey_agent" -l 'database-connections' -d 'Largest number of connections to the database that are open at once' -r
complete -c latchkey -n "not __latchkey_agent" -l 'sqlite-cache' -d 'How much of an SQLite database each connection copies into the program s own memory, in MiB' -r
complete -c latchkey -n "not __latchkey_agent" -l 'sqlite-map' -d 'How much of an SQLite database each connection maps into memory, in MiB, from the beginning of the file' -r
complete -c latchkey -n "not __latchkey_agent" -l 'secret-key' -d 'The key from which all tokens, the pepper of passwords and PINs and all encryption are made  any text of 32 characters or more;  openssl rand -base64 48  makes a good one' -r
complete -c latchkey -n "not __latchkey_agent" -l 'secret-key-previous' -d 'The previous secret key, while you change to a new one' -r
complete -c latchkey -n "not __latchkey_agent" -l 'backup-folder' -d 'Folder into which the service writes a backup of its database regularly, while it runs' -r
complete -c latchkey -n "not __latchkey_agent" -l 'backup-at' -d 'Time of the day at which the backup is made, by the time zone of this machine' -r
complete -c latchkey -n "not __latchkey_agent" -l 'backup-every' -d 'Time between two backups, if backup-at is not set' -r
complete -c latchkey -n "not __latchkey_agent" -l 'backup-keep' -d 'How many of its backups the service keeps in the folder' -r
complete -c latchkey -n "not __latchkey_agent" -l 'backup-recipients' -d 'Public keys of age (age-keygen makes a pair), separated by commas' -r
complete -c latchkey -n "not __latchkey_agent" -l 'mail-url' -d 'How mails are sent  smtp //user password@host 587 (STARTTLS is required), smtps //user password@host 465, smtp+plain //localhost 25 for a relay on this machine that has no TLS (with ?network=private at its end also for a relay in your private network), or dir PATH, which writes each mail into an .eml file' -r
complete -c latchkey -n "not __latchkey_agent" -l 'mail-from' -d 'Sender of the mails' -r
complete -c latchkey -n "not __latchkey_agent" -l 'sign-up' -d 'Who can sign up  anybody (open), only people with an invite (invite), or nobody (closed)' -x -a 'open invite closed'
complete -c latchkey -n "not __latchkey_agent" -l 'password-min-length' -d 'Least number of characters of a password' -r
complete -c latchkey -n "not __latchkey_agent" -l 'family-limit' -d 'How many members a family may have, and how many grown people besides' -r
complete -c latchkey -n "not __latchkey_agent" -l 'captcha' -d 'How programs are kept from sending the forms that are open to anybody  proof of work in the browser (pow, no third party), Google s reCAPTCHA v2 checkbox (recaptcha), or not at all (off)' -x -a 'pow recaptcha off'
complete -c latchkey -n "not __latchkey_agent" -l 'recaptcha-site-key' -d 'Site key from Google; it must be set with captcha=recaptcha' -r
complete -c latchkey -n "not __latchkey_agent" -l 'recaptcha-secret' -d 'Secret from Google; it must be set with captcha=recaptcha' -r
complete -c latchkey -n "not __latchkey_agent" -l 'connect-register' -d 'How apps that speak the Emby Connect protocol can sign people up  only with a solved captcha (captcha; few apps can show one, the others get the address of the sign-up page), without a captcha (open), or not at all (off)' -x -a 'captcha open off'
complete -c latchkey -n "not __latchkey_agent" -l 'connect-servers' -d 'Which media servers can register  any server (open; strict limits hold until somebody claims it), only servers with a claim code (claimed), or no server (off)' -x -a 'open claimed off'
complete -c latchkey -n "not __latchkey_agent" -l 'try-from-outside' -d 'Whether owners can let this service ask the public addresses of their own server, to see whether it can be reached from outside' -x -a 'on off'
complete -c latchkey -n "not __latchkey_agent" -l 'legacy-md5-login' -d 'Let old clients sign in with an MD5 of the password instead of the password'
complete -c latchkey -n "not __latchkey_agent" -l 'webhook-networks' -d 'Private addresses and networks to which webhooks may lead, separated by commas, for a ntfy or Gotify at home; there, addresses may begin with http' -r
complete -c latchkey -n "not __latchkey_agent" -l 'session-idle' -d 'A browser is signed out if it was not used for this long' -r
complete -c latchkey -n "not __latchkey_agent" -l 'sessions-most' -d 'How many browsers may be signed in to one account, and how many devices besides' -r
complete -c latchkey -n "not __latchkey_agent" -l 'session-life' -d 'A browser is signed out after this time, even if it is used' -r
complete -c latchkey -n "not __latchkey_agent" -l 'device-idle' -d 'A device, such as a TV, is signed out if it was not used for this long' -r
complete -c latchkey -n "not __latchkey_agent" -l 'device-life' -d 'A device is signed out after this time, even if it is used' -r
complete -c latchkey -n "not __latchkey_agent" -l 'confirm-life' -d 'Time to confirm a new account' -r
complete -c latchkey -n "not __latchkey_agent" -l 'reset-life' -d 'How long the link to set a new password works' -r
complete -c latchkey -n "not __latchkey_agent" -l 'pin-reset-life' -d 'How long the link to set a new PIN works' -r
complete -c latchkey -n "not __latchkey_agent" -l 'email-change-life' -d 'Time to confirm a new email address of an account' -r
complete -c latchkey -n "not __latchkey_agent" -l 'email-undo-life' -d 'How long the owner of the old email address can undo a change to another address' -r
complete -c latchkey -n "not __latchkey_agent" -l 'captcha-life' -d 'Time in which a proof of work must be solved and sent' -r
complete -c latchkey -n "not __latchkey_agent" -l 'history-life' -d 'How long an account s history (sign-ins, changes) is kept' -r
complete -c latchkey -n "not __latchkey_agent" -l 'log-format' -d 'Format of the log' -x -a 'json text'
complete -c latchkey -n "not __latchkey_agent" -l 'log-level' -d 'Least severe entries that are logged' -x -a 'debug info warn error'
complete -c latchkey -n "not __latchkey_agent" -l 'metrics-listen' -d 'Address and port at which Prometheus can read numbers about the service, at /metrics' -r
complete -c latchkey -n "not __latchkey_agent" -l 'memory-limit' -d 'Soft limit of the program s own memory in MiB  near it, unused memory is collected more often, which costs CPU and never refuses anything' -r
complete -c latchkey -n "not __latchkey_agent" -l 'drain-delay' -d 'When the service stops  time between reporting that it is not ready and refusing connections, so that a proxy can send requests elsewhere first' -r
complete -c latchkey -n "__latchkey_agent" -l 'help' -d 'Show context-sensitive help'
complete -c latchkey -n "__latchkey_agent" -l 'config' -d 'YAML file with settings; its keys are the names of the flags' -r
complete -c latchkey -n "__latchkey_agent" -l 'data-dir' -d 'Folder for the agent s own data  links, tokens, the local users of the builtin media server' -r
complete -c latchkey -n "__latchkey_agent" -l 'service' -d 'Public address of the Latchkey service' -r
complete -c latchkey -n "__latchkey_agent" -l 'plain-http' -d 'Allow an address of the service that starts with http //, although the service is on another machine'
complete -c latchkey -n "__latchkey_agent" -l 'claim-code' -d 'Code from the page /servers/new of the service' -r
complete -c latchkey -n "__latchkey_agent" -l 'media-server' -d 'The media server with which the agent works  a Jellyfin server, version 10.9 or later; an Emby server, version 4.8 or later, where less is possible (see docs/agent.md); or the small built-in one, which has local users and no media' -x -a 'jellyfin emby builtin'
complete -c latchkey -n "__latchkey_agent" -l 'media-server-url' -d 'Address at which the agent reaches the media server, with the path below which it is if it has one, such as /jellyfin' -r
complete -c latchkey -n "__latchkey_agent" -l 'api-key' -d 'API key of the Jellyfin or Emby server, made in its dashboard' -r
complete -c latchkey -n "__latchkey_agent" -l 'server-name' -d 'Name of the builtin media server' -r
complete -c latchkey -n "__latchkey_agent" -l 'catalogue' -d 'YAML file with libraries and items that the builtin media server shows although it has no media, or demo for the catalogue that the program contains' -r
complete -c latchkey -n "__latchkey_agent" -l 'listen' -d 'Address and port to listen on' -r
complete -c latchkey -n "__latchkey_agent" -l 'addresses' -d 'Addresses at which people reach the media server from outside, separated by commas, the best one first' -r
complete -c latchkey -n "__latchkey_agent" -l 'report-lan' -d 'Report the addresses of this machine in the home network to the service'
complete -c latchkey -n "__latchkey_agent" -l 'report-wan' -d 'Report that the media server can also be reached at the public address from which the service sees this machine'
complete -c latchkey -n "__latchkey_agent" -l 'trusted-proxies' -d 'Addresses and networks of the reverse proxies in front, separated by commas' -r
complete -c latchkey -n "__latchkey_agent" -l 'discovery' -d 'Answer apps that look for media servers in the home network (UDP port 7359)' -x -a 'auto on off'
complete -c latchkey -n "__latchkey_agent" -l 'allow-admins' -d 'Allow links to administrators of the media server'
complete -c latchkey -n "__latchkey_agent" -l 'allow-all-users' -d 'Let people in as any local user to whom the service links them'
complete -c latchkey -n "__latchkey_agent" -l 'create-users' -d 'Make a local user for each guest'
complete -c latchkey -n "__latchkey_agent" -l 'delete-guests' -d 'When the link of a guest ends, delete the guest s local user and the record of what they watched'
complete -c latchkey -n "__latchkey_agent" -l 'guest-libraries' -d 'Libraries for guests whose invite names no library  names or ids, separated by commas' -r
complete -c latchkey -n "__latchkey_agent" -l 'guest-limit' -d 'The largest number of guests' -r
complete -c latchkey -n "__latchkey_agent" -l 'guests-hourly' -d 'The largest number of local users that are made for guests within an hour' -r
complete -c latchkey -n "__latchkey_agent" -l 'levels' -d 'Whose limits at the media server the service may change by levels and unlocks  of guests alone, of all linked local users, or of nobody' -x -a 'guests linked off'
complete -c latchkey -n "__latchkey_agent" -l 'televisions' -d 'As whom the owner of the server may sign in a television, with the six digits that it shows  as guests alone, as all linked local users, or as nobody' -x -a 'guests linked off'
complete -c latchkey -n "__latchkey_agent" -l 'offline-trust' -d 'How long devices can still get in with their access keys while the service cannot be reached' -r
complete -c latchkey -n "__latchkey_agent" -l 'secret-key' -d 'The key from which the keys for the agent s encrypted data are made  any text of 32 characters or more' -r
complete -c latchkey -n "__latchkey_agent" -l 'log-format' -d 'Format of the log' -x -a 'json text'
complete -c latchkey -n "__latchkey_agent" -l 'log-level' -d 'Least severe entries that are logged' -x -a 'debug info warn error'
complete -c latchkey -n "__latchkey_agent" -l 'at' -d 'The Latchkey that the command is about, where this agent works for several  main, or the name that was given to  latchkey agent setup --at ' -r
