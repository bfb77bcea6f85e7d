"""What the wall between the house and the world remembers."""

from outreach.models.agent_run import AgentRun
from outreach.models.conversation import Conversation
from outreach.models.message import Message
from outreach.models.receipt import Cursor, Receipt
from outreach.models.suggestion import Suggestion
from outreach.models.template import Template
from outreach.models.tool_call import ToolCall
from outreach.models.workflow import Workflow

__all__ = ["AgentRun", "Conversation", "Cursor", "Message", "Receipt", "Suggestion", "Template", "ToolCall", "Workflow"]
