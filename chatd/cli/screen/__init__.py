"""`chatd chat` on a terminal: chats, conversation and details side by side, drawn with Textual.

`transcript` and `paint` are plain values and know nothing of a terminal; `timeline`, `chats`, `composer` and `dialogs`
are what one sees and touches; `watcher` and `desk` tie them to the client in the way of the line-based chat; `app` puts
all of it together.
"""
