// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "CoreMinimal.h"
#include "Containers/Ticker.h"

#include "Facewire/Playout.h"

class IWebSocket;

DECLARE_DELEGATE_OneParam(FFacewireHello, const facewire::Hello&);
DECLARE_DELEGATE_OneParam(FFacewireFrame, const facewire::Frame&);
DECLARE_DELEGATE_OneParam(FFacewireAudio, const facewire::Audio&);

/** Watches /face, and comes back after the server was away. Everything happens on the game thread. */
class FACEWIRE_API FFacewireConnection
{
public:
	FFacewireConnection(const FString& Server, bool bAudio);
	~FFacewireConnection();

	FFacewireConnection(const FFacewireConnection&) = delete;
	FFacewireConnection& operator=(const FFacewireConnection&) = delete;

	/** Why there is no stream, in one sentence; empty while there is one. */
	const FString& GetProblem() const { return Problem; }

	FFacewireHello OnHello;
	FFacewireFrame OnFrame;
	FFacewireAudio OnAudio;

private:
	void Open();
	void Close();
	void Lost(const FString& Why);
	bool Tick(float Seconds);
	void TakeText(const FString& Text);
	void TakeRaw(const void* Data, SIZE_T Size, SIZE_T Remaining);
	void TakeBinary();

	FString Address;
	FString Problem;
	TSharedPtr<IWebSocket> Socket;
	FTSTicker::FDelegateHandle Ticker;
	TArray<uint8> Message;
	TOptional<facewire::Hello> Hello;
	double HeardSeconds = 0.0;
	double PingedSeconds = 0.0;
	double OpenAtSeconds = 0.0;
	double PauseSeconds = 0.25;
};
