"""Advertises and serves what VRChat does, by python-oscquery, until standard input ends.

python advertise.py OSC_PORT HTTP_PORT ADDRESS=float ADDRESS=bool ...
"""

import sys

from pythonoscquery.osc_query_service import OSCQueryService
from pythonoscquery.shared.osc_access import OSCAccess
from pythonoscquery.shared.osc_address_space import OSCAddressSpace
from pythonoscquery.shared.osc_path_node import OSCPathNode

KINDS = {"float": 0.0, "bool": True}

space = OSCAddressSpace()
for parameter in sys.argv[3:]:
    address, _, kind = parameter.partition("=")
    space.add_node(OSCPathNode(address, OSCAccess.READWRITE_VALUE, [KINDS[kind]]))
service = OSCQueryService(space, "VRChat-Client-7F3A", int(sys.argv[2]), int(sys.argv[1]))
service.start()
sys.stdout.write("ready\n")
sys.stdout.flush()
sys.stdin.read()
service.stop()
