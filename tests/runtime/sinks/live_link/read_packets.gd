# Godot 3 receives packets and prints what is in them, a line of JSON for each.
#
#     godot3-server -s read_packets.gd PORT COUNT
extends SceneTree

func _init():
	var words = OS.get_cmdline_args()
	var port = int(words[words.size() - 2])
	var left = int(words[words.size() - 1])
	var socket = PacketPeerUDP.new()
	if socket.listen(port, "127.0.0.1") != OK:
		print("cannot listen")
		quit()
		return
	print("listening")
	for wait in range(2000):
		while socket.get_available_packet_count() > 0:
			print(read(socket.get_packet()))
			left -= 1
		if left <= 0:
			break
		OS.delay_msec(10)
	quit()

func read(packet):
	var stream = StreamPeerBuffer.new()
	stream.big_endian = true
	stream.data_array = packet
	var found = {"version": stream.get_u8()}
	found["device"] = stream.get_utf8_string(stream.get_32())
	found["subject"] = stream.get_utf8_string(stream.get_32())
	found["frame"] = stream.get_32()
	found["share"] = stream.get_float()
	found["rate"] = [stream.get_32(), stream.get_32()]
	var values = []
	for index in range(stream.get_u8()):
		values.append(stream.get_float())
	found["values"] = values
	found["left"] = stream.get_available_bytes()
	return to_json(found)
