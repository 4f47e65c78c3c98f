// The words in English. A text that counts or names something is a function.

const many = (count, one, more) => (count === 1 ? one : `${count} ${more}`);

export const english = {
  // the page
  rooms: 'Rooms', openRoom: 'Open a room…', roomToOpen: 'Room to open', openIt: 'Open', roomName: 'A room’s name has small letters, digits, - _ and .',
  browseRooms: 'All rooms', yourName: 'Your name', whoAreYou: 'Who are you?', signOut: 'Sign out', search: 'Search', searchKey: 'Search (Ctrl+K)',
  searchWhat: 'What was said, or who…', allRooms: 'All rooms', searchFurther: 'Search further back', messages: 'Messages', older: 'Older messages',
  nothingYet: 'Nothing has been said here yet.', sayFirst: 'Say the first thing.', message: 'Message', saySomething: 'Say something', send: 'Send', close: 'Close',
  signIn: 'Sign in', name: 'Name', password: 'Password', stop: 'Stop', tryNow: 'Try now', filterRooms: 'Find or name a room…',
  welcome: 'Welcome', welcomeText: 'You can read along already. To join in, say what people may call you; you can change it later.', startChatting: 'Start chatting',
  notifyMe: 'Notify me', notifyAloud: 'With a sound', noThanks: 'No, thanks', actions: 'Actions', people: 'People in this room',

  // rooms
  sayIn: (room) => `Say something in ${room}`, leaveRoom: (room) => `Leave ${room}`, unread: 'unread', unreadNamed: 'unread, and you are named',
  roomsUnread: (count) => `Rooms, ${count} unread`, newRoom: 'new room', isOpen: 'open', loading: 'Loading…',
  moreRooms: (count) => `${many(count, 'One more room', 'more rooms')}: type a part of its name`,

  // people
  now: 'now', here: 'Here', heardLately: 'Heard lately', asFarAsKnown: ', as far as known', andMore: (count) => `and ${count} more`,
  peopleHere: (names, more) => (names.length ? names.join(', ') + (more ? ` and ${many(more, 'one other', 'others')}` : '') : many(more, 'one person', 'people')),

  // messages
  actionsOf: (user) => `Actions for the message of ${user}`, reply: 'Reply', copyText: 'Copy text', copyLink: 'Copy link', discard: 'Discard',
  edit: 'Edit', remove: 'Remove', undo: 'Undo', cancel: 'Cancel', editing: 'You are changing a message.',
  edited: 'edited', removed: 'Removed', removedByAge: 'No longer kept', removedBy: (user) => `Removed by ${user}`, beingChanged: 'being changed…', beingRemoved: 'Being removed…',
  notChanged: (reason) => `The message stays as it is: ${reason}.`, changedLater: 'The message stays as it is: it was changed again meanwhile.',
  copied: 'Copied.', linkCopied: 'Link copied.', notCopied: 'This browser lets no page copy.',
  state_sending: 'not at the server yet; it is sent by itself', state_accepted: 'safe on this server; it reaches people on other servers a little later',
  state_stored: 'with everybody', state_refused: '', state_failed: '',
  tryAgain: 'Try again', notSent: 'Not sent', notTaken: 'The chat did not take it',
  allNew: 'New', newSince: (time) => `New since ${time}`, cameLate: (count) => `${count} came late`,
  toNewest: (count) => (count ? `${many(count, 'One new message', 'new messages')} ↓` : 'Newest ↓'),

  // rooms that are not for everybody, and moderators
  out_banned: (reason) => `You cannot take part here: ${reason}.`, outUntil: (time) => `That ends ${time}.`,
  out_not_a_member: () => 'This room is for its members; you can read and write in others.',
  ban: 'Ban…', banThem: 'Ban', unban: 'Let in again', banWhom: (user) => `Ban ${user}`, banWhere: 'Where', banHere: (room) => `Only ${room}`, banSpan: 'For how long',
  anHour: 'an hour', aDay: 'a day', aWeek: 'a week', forGood: 'for good', banWhy: 'Why (they are told)',
  isBanned: (user) => `${user} is banned.`, unbanned: (user) => `${user} may come in again.`,
  othersLater: 'On the other servers that holds as soon as they are together again.',
  moderatedLater: 'Another moderator was faster; that one’s word counts.', notModerated: (reason) => `That did not work: ${reason}.`,
  notNow: 'There is no server just now. Please try it again a little later.',

  // what a room is
  aboutRoom: 'About this room', noTopic: 'This room has no topic yet.', topicLabel: 'Topic', whoReads: 'Who may read', whoWrites: 'Who may write', anybody: 'everybody',
  onlyMembers: 'only its members', onlySome: 'only some', allWhoRead: 'all who may read', onlyThese: 'only these', memberNames: 'Their names, one a line',
  memberRoles: 'And everybody with one of these roles', slowMode: 'Between two messages of one person', keptFor: 'Messages are kept', forEver: 'for ever', setBy: 'Set by',
  span: (count, unit) => (count === 1 ? `1 ${unit}` : `${count} ${unit}s`),
  slowLabel: 'Seconds between two messages of one person', daysLabel: 'Days that messages are kept', changeRoom: 'Change…', save: 'Save', showTheirs: 'Show it',
  peopleOf: 'People', membersHere: (count) => `People: ${count} here`, isHere: 'here', readsAndWrites: 'reads and writes', readsOnly: 'reads', writesIfReads: 'writes',
  withRole: (role) => `everybody with the role ${role}`,
  topicLong: (over) => `The topic is too long by ${many(over, 'one byte', 'bytes')}.`, memberLong: (name, most) => `${name}…: a name has at most ${most} letters.`,
  membersMany: (most) => `At most ${most} names, and as many roles.`, membersNone: 'Say who: a name or a role at least.',
  slowBad: 'A whole number of seconds, at most 86400: a day.', daysBad: 'A whole number of days, at most 36500.',
  daysRemove: (days) => `What is older than ${many(days, 'one day', 'days')} is removed for everybody, from an hour from now on, and does not come back.`,
  roomChanged: (user) => (user ? `${user} has changed this room meanwhile.` : 'This room was changed meanwhile.'),
  roomUnchanged: (room, reason) => `${room} stays as it is: ${reason}.`, roomSending: 'Being saved…', roomUnsent: 'Not at the server yet; it is sent by itself.', roomAccepted: 'Saved on this server; the others are told.',
  roomWaits: 'Saved on this server, and in force here. It waits for the other servers: there it holds as soon as they are together again.',
  roomStored: 'Saved. It holds on all servers.', roomWaitsShort: 'not on the other servers yet',

  // the state of things
  connecting: 'connecting…', slower: 'slower', slowerWhy: 'This network lets no WebSocket through. The chat works without, a little slower.', on: (node) => `on ${node}`,
  deviceOffline: 'This device has no network. You can read and write on; the chat goes on by itself when it is back.',
  connectionGone: 'The connection to the server is gone; coming back by itself.',
  noServer: 'The server does not answer. The page keeps trying by itself.',
  waitHere: (count) => `${many(count, 'One message waits', 'messages wait')} here to be sent.`,
  serversApart: 'The servers of this chat are apart for the moment. People on this server see you; the others will as soon as they are together again.',
  waitForOthers: (count) => `${many(count, 'One message waits', 'messages wait')} for that.`,
  gap: 'Some messages may be missing; they are being fetched.',
  catchingUp: 'This server is new and still reads older messages; search finds them as they come.',
  catchingUpBy: (percent) => `This server is new and still reads older messages (${percent} %); search finds them as they come.`,
  wait_key_ahead: (count) => `${many(count, 'One message was', 'messages were')} dated ahead of the server's clock.`,
  wait_too_fast: (count) => `${many(count, 'One message waits', 'messages wait')}: this server takes only so many at a time.`,
  wait_full: (count) => `${many(count, 'One message waits', 'messages wait')}: this server keeps as many for the others as it can.`,
  wait_not_now: (count) => `${many(count, 'One message waits', 'messages wait')}: this server cannot take it now.`,
  wait_slow_mode: (count) => `${many(count, 'One message waits', 'messages wait')}: in this room one writes only now and then.`,
  sentAt: (count, time) => `${count === 1 ? 'It is sent by itself' : 'They are sent by themselves'} at ${time}; you can go on.`,
  answeredBefore: (status) => `something before the server answered with ${status}`,
  anothersWait: (user) => `it was written as ${user}, and you are signed in as somebody else`,

  // going to a message
  readingBack: (count) => `Reading back… ${count} messages`, notThere: 'That message is not there any more.', tooLong: (bytes) => `That is too long: at most ${bytes} bytes.`,

  // search
  none: 'None', soFar: (count) => `${count} so far`, onThisPage: (count, messages) => `${count} among the newest ${messages} messages on this page`,
  stillReading: (count) => `${count}; this server is still reading older messages`,

  // names
  nameBlank: 'That name cannot be seen: it is only blanks.', nameControl: 'A name has no control characters.',
  nameHidden: 'That name has characters that cannot be seen. Please leave them out.', nameInvisible: 'That name cannot be seen. Please use a letter, a digit or a sign.',
  nameLong: (over, most) => `That name is too long by ${over}: it has at most ${most} letters.`, nameRoom: (left) => `Room for ${left} more.`,
  nameAlike: (names) => `That name looks like ${names.map((name) => `“${name}”`).join(', ')}, known in this room. People here are told that it is another.`,
  meAlike: (names) => `Somebody in this room has a name that looks like yours: ${names.map((name) => `“${name}”`).join(', ')}.`,
  looksLike: (names) => `looks like ${names.map((name) => `“${name}”`).join(', ')}`,
  nameFirst: 'Give yourself a name first.',

  // signing in
  leaving: 'You are being signed out. The server has not answered yet; this goes on by itself.',
  signInFailed: (reason) => `That did not work: ${reason}.`, noAnswer: 'the server does not answer',

  // elsewhere
  namedIn: (user, room) => `${user} named you in ${room}`,
  offerNotify: (user) => `${user} named you while you were away. Shall this browser tell you next time?`,
};
