"""People at their keyboards: what a user of the workspace can do, in sentences.

Everything here ends as a real Slack payload on its way to the app.
"""

from dataclasses import replace
from typing import Any

from bot.workspace import choices, interactivity, messages, mrkdwn, rules
from bot.workspace.api.conversations import created_event
from bot.workspace.assistant import AssistantThread
from bot.workspace.core import Core
from bot.workspace.delivery import Delivery
from bot.workspace.model import JSON, Channel, ChannelKind, File, Message, User, View


class Person:
    """One user. `channel` is a name (with or without #) or an id everywhere."""

    def __init__(self, core: Core, user: User) -> None:
        self._core = core
        self.user = user

    @property
    def id(self) -> str:
        """The user id."""
        return self.user.id

    @property
    def mention(self) -> str:
        """The user's mention as on the wire."""
        return f"<@{self.user.id}>"

    # -- talking ------------------------------------------------------------------------

    def says(self, channel: str, text: str, thread_ts: str | None = None) -> Message:
        """Type `text` in a channel or thread; joins a public channel first if need be.

        Raises SlackError (channel_not_found) for a private channel of others.
        """
        state = self._core.state
        with state.changed:
            place = state.channel_named(channel)
            if place.kind == "channel":
                messages.join(state, place, self.user)
            state.channel(place.id, viewer=self.user.id)
            return self._post(place, text, thread_ts)

    def mentions_bot(self, channel: str, text: str, thread_ts: str | None = None) -> Message:
        """Type `@bot text`."""
        return self.says(channel, f"@{self._core.state.bot.name} {text}", thread_ts)

    def tells_bot(self, text: str, thread_ts: str | None = None) -> Message:
        """Write the bot a direct message."""
        state = self._core.state
        with state.changed:
            return self._post(state.direct(self.user.id, state.bot.id), text, thread_ts)

    def _post(self, place: Channel, text: str, thread_ts: str | None) -> Message:
        state = self._core.state
        users, channels = state.names()
        wire = mrkdwn.typed(text, users, channels)
        return messages.post(
            state,
            place,
            self.user,
            wire,
            blocks=({**mrkdwn.rich_text(wire), "block_id": state.next_id("b")},),
            thread_ts=thread_ts,
            client_msg_id=state.next_id("m"),
        )

    def edits(self, message: Message, text: str) -> Message:
        """Change the words of an own message."""
        state = self._core.state
        with state.changed:
            users, channels = state.names()
            wire = mrkdwn.typed(text, users, channels)
            place = state.channel(message.channel)
            blocks = ({**mrkdwn.rich_text(wire), "block_id": state.next_id("b")},)
            return messages.edit(state, place, message.ts, self.user, text=wire, blocks=blocks)

    def deletes(self, message: Message) -> None:
        """Delete a message."""
        with self._core.state.changed:
            place = self._core.state.channel(message.channel)
            messages.delete(self._core.state, place, message.ts)

    def reacts(self, message: Message, name: str) -> None:
        """Add an emoji reaction, by name without colons."""
        with self._core.state.changed:
            place = self._core.state.channel(message.channel)
            messages.react(self._core.state, place, message.ts, self.user, name)

    def unreacts(self, message: Message, name: str) -> None:
        """Take the reaction back."""
        with self._core.state.changed:
            place = self._core.state.channel(message.channel)
            messages.unreact(self._core.state, place, message.ts, self.user, name)

    def uploads(
        self,
        channel: str,
        filename: str,
        content: str | bytes,
        text: str = "",
        thread_ts: str | None = None,
    ) -> Message:
        """Share a file with an optional comment."""
        state = self._core.state
        data = content.encode() if isinstance(content, str) else content
        with state.changed:
            place = state.channel_named(channel)
            users, channels = state.names()
            file_id = state.next_id("F")
            file = File(
                id=file_id,
                name=filename,
                user=self.user.id,
                created=int(state.clock()),
                length=len(data),
                content=data,
                url=f"{state.base_url}/files-pri/{file_id}/{file_id.lower()}",
            )
            state.files[file_id] = file
            wire = mrkdwn.typed(text, users, channels)
            return messages.share_file(state, place, self.user, file, wire, thread_ts)

    def is_deactivated(self) -> None:
        """The account is closed: the person left."""
        with self._core.state.changed:
            self.user = replace(self.user, deleted=True)
            self._core.state.users[self.user.id] = self.user

    # -- channels -----------------------------------------------------------------------

    def joins(self, channel: str) -> None:
        """Become a member of a channel."""
        with self._core.state.changed:
            messages.join(self._core.state, self._core.state.channel_named(channel), self.user)

    def creates_channel(self, name: str, *, private: bool = False) -> Channel:
        """Make a channel; the app hears of a public one."""
        state = self._core.state
        with state.changed:
            kind: ChannelKind = "group" if private else "channel"
            place = state.add_channel(name, kind, self.id, [self.id])
            if not private:
                self._core.emit(created_event(place, state.next_ts()))
            state.touch()
            return place

    def invites(self, name: str, channel: str) -> None:
        """Bring somebody, or the bot, into a channel."""
        state = self._core.state
        with state.changed:
            guest = state.user_named(name)
            messages.join(state, state.channel_named(channel), guest, inviter=self.id)

    def kicks(self, name: str, channel: str) -> None:
        """Put somebody, or the bot, out of a channel."""
        state = self._core.state
        with state.changed:
            messages.leave(state, state.channel_named(channel), state.user_named(name))

    def archives(self, channel: str) -> None:
        """Archive a channel."""
        with self._core.state.changed:
            place = self._core.state.channel_named(channel)
            messages.archive(self._core.state, place, self.user)

    def leaves(self, channel: str) -> None:
        """End the own membership in a channel."""
        with self._core.state.changed:
            messages.leave(self._core.state, self._core.state.channel_named(channel), self.user)

    def deletes_channel(self, channel: str) -> None:
        """Delete a channel, as an owner of the workspace may."""
        with self._core.state.changed:
            place = self._core.state.channel_named(channel)
            messages.delete_channel(self._core.state, place, self.user)

    # -- Block Kit ----------------------------------------------------------------------

    def clicks(self, message: Message, wanted: str, option: str | None = None) -> Delivery:
        """Press what has this action_id or these words on it: a button, an option.

        `option` picks from the menu that `wanted` names by its action_id. Raises LookupError
        when the message shows nothing of that name.
        """
        return interactivity.click(self._core, self.user, message, wanted, option)

    def clicks_in(self, view: View, wanted: str, option: str | None = None) -> Delivery:
        """Press something in an open modal or on the home tab."""
        return interactivity.click_in_view(self._core, self.user, view, wanted, option)

    def submits(self, view: View, values: JSON | None = None, timeout: float = 20.0) -> View | None:
        """Fill in a modal, submit it and wait for the answer.

        `values` maps a label, block id or action id to the text or option. Gives the view that
        is then on screen (with `errors`, updated, or the one below), None when all are closed.
        Raises TimeoutError when the app does not answer.
        """
        delivery = interactivity.submit(self._core, self.user, view, values or {})
        if delivery is not None:
            delivery.settled.wait(timeout)
            if not delivery.acked:
                raise TimeoutError("the app did not answer the submission")
        return self.view

    def closes(self, view: View) -> None:
        """Close a modal."""
        interactivity.close(self._core, self.user, view)

    @property
    def view(self) -> View | None:
        """The modal on this person's screen."""
        with self._core.state.changed:
            stack = self._core.state.views.get(self.id, [])
            return stack[-1] if stack else None

    def opens_home(self, tab: str = "home") -> None:
        """Look at the app's Home (or Messages) tab."""
        state = self._core.state
        with state.changed:
            place = state.direct(self.id, state.bot.id)
            event: JSON = {
                "type": "app_home_opened",
                "user": self.id,
                "channel": place.id,
                "tab": tab,
                "event_ts": state.next_ts(),
            }
            if tab == "home" and self.id in state.homes:
                event["view"] = state.homes[self.id].json()
            self._core.emit(event)

    def opens_assistant(self, beside: str | None = None) -> Message:
        """Begin a thread in the app's assistant pane, with the channel `beside` on screen.

        Only apps with the older `assistant_view` have that pane (ValueError otherwise); an
        agent's counterpart is `opens_home("messages")`. Gives the root of the new thread.
        """
        if self._core.agent_view:
            raise ValueError("this app is an agent; start the workspace with agent_view=False")
        state = self._core.state
        with state.changed:
            place = state.direct(self.id, state.bot.id)
            root = messages.post(
                state, place, state.bot, "New Assistant Thread", subtype="assistant_app_thread"
            )
            self._tells_context(place, root, beside, "assistant_thread_started")
            return root

    def moves_assistant(self, root: Message, beside: str) -> None:
        """Look at another channel while the assistant's thread stays open."""
        with self._core.state.changed:
            place = self._core.state.channel(root.channel)
            self._tells_context(place, root, beside, "assistant_thread_context_changed")

    def _tells_context(
        self, place: Channel, root: Message, beside: str | None, event_type: str
    ) -> None:
        state = self._core.state
        looked_at = state.channel_named(beside).id if beside else ""
        before = place.assistant.get(root.ts, AssistantThread())
        place.assistant[root.ts] = replace(before, context=looked_at)
        context: JSON = {}
        if looked_at:
            context = {"channel_id": looked_at, "team_id": state.team_id, "enterprise_id": None}
        self._core.emit(
            {
                "type": event_type,
                "assistant_thread": {
                    "user_id": self.id,
                    "context": context,
                    "channel_id": place.id,
                    "thread_ts": root.ts,
                },
                "event_ts": state.next_ts(),
            }
        )
        state.touch()

    def picks_prompt(self, title: str, root: Message | None = None) -> Message:
        """Press a suggested prompt, of a thread or of the Messages tab: it is said as typed.

        Raises LookupError naming what there is.
        """
        state = self._core.state
        with state.changed:
            place = state.direct(self.id, state.bot.id)
            shown = place.prompts if root is None else place.assistant[root.ts].prompts
            for prompt in shown.offered:
                if prompt.title == title:
                    return self._post(place, prompt.message, root.ts if root else None)
            there = ", ".join(prompt.title for prompt in shown.offered) or "none"
            raise LookupError(f"no prompt is called {title!r}; there are: {there}")

    @property
    def home(self) -> View | None:
        """What the app has published on this person's home tab."""
        return self._core.state.homes.get(self.id)

    def runs(self, line: str, channel: str) -> Delivery:
        """Send a slash command such as `/recall help` from a channel."""
        place = self._core.state.channel_named(channel)
        return interactivity.command(self._core, self.user, place, line)

    def uses_shortcut(self, callback_id: str, message: Message | None = None) -> Delivery:
        """Use a message shortcut, or a global one without a message."""
        return interactivity.shortcut(self._core, self.user, callback_id, message)


class OtherApp:
    """Another app of the workspace, such as the team's alerting tool."""

    def __init__(self, core: Core, user: User) -> None:
        self._core = core
        self.user = user

    def posts(
        self,
        channel: str,
        text: str = "",
        *,
        blocks: list[JSON] | None = None,
        attachments: list[JSON] | None = None,
        thread_ts: str | None = None,
    ) -> Message:
        """Post as that app does: `bot_message` with escaped mrkdwn as given."""
        state = self._core.state
        with state.changed:
            return messages.post(
                state,
                state.channel_named(channel),
                self.user,
                text,
                blocks=tuple(blocks or ()),
                attachments=tuple(attachments or ()),
                thread_ts=thread_ts,
                subtype="bot_message",
                username=self.user.real_name,
            )

    def edits(self, message: Message, **fields: Any) -> Message:
        """Change fields (text, blocks, attachments) of an own post."""
        state = self._core.state
        with state.changed:
            place = state.channel(message.channel)
            return messages.edit(state, place, message.ts, self.user, **fields)


def button_texts(message: Message) -> list[str]:
    """The words on everything that can be pressed in a message."""
    elements = [element for block in message.blocks for element in rules.elements_of(block)]
    texts = [choices.words(element.get("text")) for element in elements]
    return [text for text in texts if text]
