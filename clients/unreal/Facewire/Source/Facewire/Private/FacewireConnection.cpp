// SPDX-License-Identifier: Apache-2.0
#include "FacewireConnection.h"

#include "IWebSocket.h"
#include "Modules/ModuleManager.h"
#include "WebSocketsModule.h"

namespace
{
constexpr double FirstPauseSeconds = 0.25;
constexpr double LongestPauseSeconds = 5.0;
constexpr double PingEverySeconds = 2.0;
constexpr double SilentSeconds = 6.0;
constexpr int32 MessageBytes = 1 << 20;

/** The endpoint's address, with the token where there is one. */
FString AddressOf(const FString& Server, bool bAudio)
{
	FString Place = Server, Query;
	Server.Split(TEXT("?"), &Place, &Query);
	Place.ReplaceInline(TEXT("https://"), TEXT("wss://"));
	Place.ReplaceInline(TEXT("http://"), TEXT("ws://"));
	while (Place.RemoveFromEnd(TEXT("/")))
	{
	}
	if (bAudio)
	{
		Query += Query.IsEmpty() ? TEXT("audio=1") : TEXT("&audio=1");
	}
	return Place + TEXT("/face") + (Query.IsEmpty() ? FString() : TEXT("?") + Query);
}
}

FFacewireConnection::FFacewireConnection(const FString& Server, bool bAudio)
	: Address(AddressOf(Server, bAudio))
{
	Ticker = FTSTicker::GetCoreTicker().AddTicker(FTickerDelegate::CreateRaw(this, &FFacewireConnection::Tick), 0.1f);
}

FFacewireConnection::~FFacewireConnection()
{
	FTSTicker::GetCoreTicker().RemoveTicker(Ticker);
	Close();
}

void FFacewireConnection::Open()
{
	FWebSocketsModule& Sockets = FModuleManager::LoadModuleChecked<FWebSocketsModule>(TEXT("WebSockets"));
	Message.Reset();
	HeardSeconds = FPlatformTime::Seconds();
	Socket = Sockets.CreateWebSocket(Address, FString());
	Socket->OnConnectionError().AddLambda([this](const FString& Why) { Lost(Why); });
	Socket->OnClosed().AddLambda([this](int32, const FString& Why, bool) { Lost(Why); });
	Socket->OnMessage().AddLambda([this](const FString& Text) { TakeText(Text); });
	Socket->OnRawMessage().AddLambda(
		[this](const void* Data, SIZE_T Size, SIZE_T Remaining) { TakeRaw(Data, Size, Remaining); });
	Socket->Connect();
}

void FFacewireConnection::Close()
{
	if (Socket.IsValid())
	{
		Socket->OnConnectionError().Clear();
		Socket->OnClosed().Clear();
		Socket->OnMessage().Clear();
		Socket->OnRawMessage().Clear();
		Socket->Close();
	}
	Hello.Reset();
}

void FFacewireConnection::Lost(const FString& Why)
{
	Problem = Why.IsEmpty() ? TEXT("The stream is over.") : Why;
	PauseSeconds = Hello.IsSet() ? FirstPauseSeconds : FMath::Min(2.0 * PauseSeconds, LongestPauseSeconds);
	OpenAtSeconds = FPlatformTime::Seconds() + PauseSeconds;
	Hello.Reset();
}

bool FFacewireConnection::Tick(float)
{
	const double Now = FPlatformTime::Seconds();
	if (OpenAtSeconds >= 0.0 && Now >= OpenAtSeconds)
	{
		// Not in the call of the socket that ended: that one is let go here.
		Close();
		OpenAtSeconds = -1.0;
		Open();
	}
	if (Hello.IsSet() && Now - PingedSeconds > PingEverySeconds)
	{
		PingedSeconds = Now;
		Socket->Send(UTF8_TO_TCHAR(facewire::WritePing(0, static_cast<std::int64_t>(Now * 1e9)).c_str()));
	}
	if (Hello.IsSet() && Now - HeardSeconds > SilentSeconds)
	{
		Lost(TEXT("The server is not heard any more."));
	}
	return true;
}

void FFacewireConnection::TakeText(const FString& Text)
{
	HeardSeconds = FPlatformTime::Seconds();
	const FTCHARToUTF8 Bytes(*Text);
	facewire::TextMessage Read;
	const facewire::Fault Fault =
		facewire::ReadText(std::string_view(Bytes.Get(), static_cast<std::size_t>(Bytes.Length())), Read);
	if (!Fault.empty())
	{
		Lost(UTF8_TO_TCHAR(Fault.c_str()));
	}
	else if (Read.type == "error")
	{
		Lost(UTF8_TO_TCHAR(Read.message.c_str()));
	}
	else if (Read.type == "hello")
	{
		Hello = Read.hello;
		Problem.Reset();
		OnHello.ExecuteIfBound(*Hello);
	}
}

void FFacewireConnection::TakeRaw(const void* Data, SIZE_T Size, SIZE_T Remaining)
{
	HeardSeconds = FPlatformTime::Seconds();
	if (static_cast<SIZE_T>(Message.Num()) + Size > static_cast<SIZE_T>(MessageBytes))
	{
		Message.Reset();
		Lost(TEXT("The server sent a message of more than 1 MiB."));
		return;
	}
	Message.Append(static_cast<const uint8*>(Data), static_cast<int32>(Size));
	if (Remaining == 0)
	{
		TakeBinary();
		Message.Reset();
	}
}

void FFacewireConnection::TakeBinary()
{
	// Text comes here too, and to TakeText; it begins with a brace.
	if (!Hello.IsSet() || Message.Num() == 0)
	{
		return;
	}
	const std::size_t Size = static_cast<std::size_t>(Message.Num());
	facewire::Fault Fault;
	if (Message[0] == facewire::FrameKind)
	{
		facewire::Frame Frame;
		Fault = facewire::ReadFrame(Message.GetData(), Size, Hello->names.size(), Frame);
		if (Fault.empty())
		{
			OnFrame.ExecuteIfBound(Frame);
		}
	}
	else if (Message[0] == facewire::AudioKind)
	{
		facewire::Audio Audio;
		Fault = facewire::ReadAudio(Message.GetData(), Size, Audio);
		if (Fault.empty())
		{
			OnAudio.ExecuteIfBound(Audio);
		}
	}
	if (!Fault.empty())
	{
		Lost(UTF8_TO_TCHAR(Fault.c_str()));
	}
}
